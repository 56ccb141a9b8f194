"""Make the SDK's error of a reply that is no success: from its status, headers and text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

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
# So much of an error's page is taken from the network, and so much of that is looked at.
PAGE_MOST_BYTES = 64 * 1024
READ_MOST_BYTES = 8 * 1024
# Statuses below 500 by which a server or a proxy asks for patience: RFC 9110, 8470 and 6585.
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
    """Make the error.

    Args:
        method: the request's.
        status: the reply's.
        reason: the same in words, for a reply that says nothing else.
        url: what was asked for.
        headers: the reply's, by names in lower case.
        page: what it says, or the beginning of that, which may be HTML.
    """
    detail = ("" if _is_encoded(headers) else _detail(page)) or reason
    facts: dict[str, Any] = {"status": status, "url": url, "detail": detail}
    if status == 401:
        return AuthenticationError(f"{url} does not take the credentials (401)", **facts)
    if status == 404:
        return NotFound(
            f"there is nothing at {url} (404): is the URL right? a taskfarm's ends in /api/",
            method=method,
            **facts,
        )
    if status in LATER or status >= 500:
        return ServerError(
            f"the server is in trouble: it answered {status} at {url} ({detail})",
            retry_after_s=_retry_after_s(headers),
            **facts,
        )
    if status < 400:
        place = headers.get("location", "another place")
        return UnexpectedReply(
            f"{url} answered {status} and points to {place}: if that is the taskfarm, give that "
            "URL (credentials are never sent on to another place by themselves)",
            **facts,
        )
    if fault := wrong_scheme.page_with_tls(url, status, detail):
        return RequestRejected(fault, **facts)
    return RequestRejected(f"the server refused the request ({status}) at {url}: {detail}", **facts)


def refuse_encoded(url: str, headers: Mapping[str, str]) -> None:
    """Do nothing where a reply is as it was written.

    Raises:
        UnexpectedReply: it is compressed, though no reply was to be.
    """
    if _is_encoded(headers):
        encoding = headers["content-encoding"]
        raise UnexpectedReply(
            f"{url} sent a reply encoded as {encoding[:DETAIL_LENGTH]!r}, though it was asked for "
            "none that is: is a proxy in between?",
            url=url,
            detail=encoding[:DETAIL_LENGTH],
        )


def _is_encoded(headers: Mapping[str, str]) -> bool:
    return headers.get("content-encoding", "").strip().lower() not in ("", "identity")


def _detail(page: bytes) -> str:
    import html

    # Whatever charset a page names, nobody reads more of it than a line.
    shown = _shown(page[:READ_MOST_BYTES].decode("utf-8", "replace"))
    words = " ".join(html.unescape(shown).split())
    return words if len(words) <= DETAIL_LENGTH else words[: DETAIL_LENGTH - 1] + "…"


def _shown(page: str) -> str:
    """Return what a browser would show of a page, in one pass: some are written to cost time."""
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
    except Exception:  # noqa: BLE001 - a header can hold anything, and is only a wish
        return None
