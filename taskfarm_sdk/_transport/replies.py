"""Build the SDK's error for a reply that is not a success, from its status, headers and text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from taskfarm_sdk._text import one_line
from taskfarm_sdk._transport import wrong_scheme
from taskfarm_sdk.errors import (
    AuthenticationError,
    NotFound,
    RequestRejected,
    ServerError,
    TaskfarmError,
    UnexpectedReply,
)

DETAIL_LENGTH = 200
# How much of an error page is read from the network, and how much of that is examined.
PAGE_MOST_BYTES = 64 * 1024
READ_MOST_BYTES = 8 * 1024
# Statuses below 500 that mean "try again later": RFC 9110, 8470 and 6585.
LATER = (408, 425, 429)
HIDING = ("script", "style")


def error_of(
    method: str,
    status: int,
    reason: str,
    url: str,
    headers: Mapping[str, str],
    page: bytes,
) -> TaskfarmError:
    """Return the error for a reply.

    Args:
        method: the method of the request.
        status: the HTTP status of the reply.
        reason: the status as text, used if the page is empty.
        url: the URL of the request.
        headers: the headers of the reply, with lower-case names.
        page: the beginning of the body, which may be HTML.
    """
    detail = ("" if _is_encoded(headers) else _detail(page)) or _cut(one_line(reason))
    facts: dict[str, Any] = {"status": status, "url": url, "detail": detail}
    if status == 401:
        return AuthenticationError(f"{url} rejected the credentials (401)", **facts)
    if status == 404:
        return NotFound(
            f"{url} does not exist (404): check the URL, which ends in /api/ on a taskfarm server",
            method=method,
            **facts,
        )
    if status in LATER or status >= 500:
        return ServerError(
            f"the server failed: it answered {status} at {url} ({detail})",
            retry_after_s=_retry_after_s(headers),
            **facts,
        )
    if status < 400:
        place = _cut(one_line(headers.get("location", ""))) or "another place"
        return UnexpectedReply(
            f"{url} answered {status} and redirects to {place}: if that is the taskfarm server, "
            "give its URL (redirections are not followed, to protect the credentials)",
            **facts,
        )
    if fault := wrong_scheme.page_with_tls(url, status, detail):
        return RequestRejected(fault, **facts)
    return RequestRejected(f"the server refused the request ({status}) at {url}: {detail}", **facts)


def refuse_encoded(url: str, headers: Mapping[str, str]) -> None:
    """Refuse a compressed reply.

    Raises:
        UnexpectedReply: the reply is compressed, although the request did not allow it.
    """
    if _is_encoded(headers):
        encoding = _cut(one_line(headers["content-encoding"]))
        raise UnexpectedReply(
            f"{url} sent a reply encoded as '{encoding}', which the request did "
            "not allow: check for a proxy in between",
            url=url,
            detail=encoding,
        )


def _is_encoded(headers: Mapping[str, str]) -> bool:
    return headers.get("content-encoding", "").strip().lower() not in ("", "identity")


def _detail(page: bytes) -> str:
    import html

    # Decoded as UTF-8 whatever the charset, because only one line is shown.
    shown = _shown(page[:READ_MOST_BYTES].decode("utf-8", "replace"))
    return _cut(one_line(html.unescape(shown)))


def _cut(text: str) -> str:
    return text if len(text) <= DETAIL_LENGTH else text[: DETAIL_LENGTH - 1] + "…"


def _shown(page: str) -> str:
    """Return the visible text of a page, in one pass, so that no page can take long to parse."""
    texts: list[str] = []
    hidden = False
    text, *rest = re.split(r"<([^<>]*)>", page)
    for tag, after in zip(["", *rest[::2]], [text, *rest[1::2]], strict=True):
        name = tag.partition(" ")[0].lower()
        hidden = name in HIDING or (hidden and name.removeprefix("/") not in HIDING)
        if not hidden:
            texts.append(after)
    return " ".join(texts)


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    from email.utils import parsedate_to_datetime

    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdecimal():
        return float(value)
    try:
        then = parsedate_to_datetime(value)
        now = parsedate_to_datetime(headers["date"])
        return max(0.0, (then - now).total_seconds())
    except Exception:  # noqa: BLE001 - the header is optional, and may contain anything
        return None
