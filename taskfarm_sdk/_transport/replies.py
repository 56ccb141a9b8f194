"""Build the SDK's error for a reply that is not a success, from its status, headers and text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from taskfarm_sdk._transport import quotes, wrong_scheme
from taskfarm_sdk._transport.quotes import Asked
from taskfarm_sdk.errors import (
    AuthenticationError,
    NotFound,
    RequestRejected,
    ServerError,
    TaskfarmError,
    UnexpectedReply,
)
from taskfarm_sdk.hidden import Hidden

# How many bytes of an error page are read from the network, and characters of that examined.
PAGE_MOST_BYTES = 64 * 1024
READ_MOST = 8 * 1024
# The JSON of a run has four of these in at least 65 bytes. A reply with more of them would take
# more memory than the largest list of runs; a smaller reply than the second takes little of it.
MARKS = (b",", b"[", b"{")
MARK_LEAST_BYTES = 12
UNCOUNTED_BYTES = 1024 * 1024
# Statuses below 500 that mean "try again later": RFC 9110, 8470 and 6585.
LATER = (408, 425, 429)
# 300 and 304 lead nowhere.
REDIRECTIONS = (301, 302, 303, 307, 308)
HIDING = ("script", "style")
NO_HEADER = Hidden("")


def error_of(
    method: str,
    status: int,
    reason: str,
    url: str,
    headers: Mapping[str, str],
    page: bytes,
    *,
    authorization: Hidden[str] = NO_HEADER,
    place: str = "",
) -> TaskfarmError:
    """Return the error for a reply.

    Args:
        method: the method of the request.
        status: the HTTP status of the reply.
        reason: the status as text, used if the page is empty.
        url: the URL of the request.
        headers: the headers of the reply, with lower-case names.
        page: the beginning of the body, which may be HTML.
        authorization: the header of the request, which the reply may repeat.
        place: where the reply redirects to.
    """
    asked = Asked(method, url, authorization)
    detail = ("" if _is_encoded(headers) else _detail(page, asked)) or asked.quoted(reason)
    facts: dict[str, Any] = {"status": status, "url": url, "detail": detail}
    if status == 401:
        return AuthenticationError(
            f"{asked} was answered 401: it rejected the credentials", **facts
        )
    if status == 404:
        return NotFound(
            f"{asked} was answered 404: check the URL, which ends in /api/ on a taskfarm server",
            method=method,
            **facts,
        )
    if status in LATER or status >= 500:
        return ServerError(
            f"the server failed: it answered {status} to {asked} ({detail})",
            retry_after_s=_retry_after_s(headers),
            **facts,
        )
    if status < 400:
        return UnexpectedReply(_not_a_success(asked, status, detail, asked.quoted(place)), **facts)
    if fault := wrong_scheme.page_with_tls(url, status, detail):
        return RequestRejected(fault, **facts)
    return RequestRejected(f"the server refused {asked}: it answered {status} ({detail})", **facts)


def _not_a_success(asked: Asked, status: int, detail: str, place: str) -> str:
    if status in REDIRECTIONS and place:
        return (
            f"{asked} was answered {status}, which redirects to {place}: if that is the taskfarm "
            "server, give its URL (redirections are not followed, to protect the credentials)"
        )
    return (
        f"{asked} was answered {status} ({detail}), which no taskfarm server does; it may be "
        "another server: check the URL"
    )


def refuse(asked: Asked, headers: Mapping[str, str], most_bytes: int) -> None:
    """Refuse a successful reply that is not worth reading.

    Args:
        asked: the request.
        headers: the headers of the reply, with lower-case names.
        most_bytes: the largest body that the request can have as its answer.

    Raises:
        UnexpectedReply: the reply is compressed, although the request did not allow it, or larger.
    """
    if _is_encoded(headers):
        encoding = asked.quoted(headers["content-encoding"])
        raise UnexpectedReply(
            f"the reply to {asked} is encoded as '{encoding}', which the request did not allow: "
            "check for a proxy in between",
            url=asked.url,
            detail=encoding,
        )
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length) > most_bytes:
        raise too_large(asked, most_bytes)


def refuse_crowded(asked: Asked, body: bytes) -> None:
    """Refuse a large body whose JSON has too many values for its size to be a list of runs.

    An empty list takes three bytes of JSON, and thirty times as much memory once it is parsed.

    Args:
        asked: the request.
        body: the whole body of the reply.

    Raises:
        UnexpectedReply: the body is not to be parsed.
    """
    if len(body) <= UNCOUNTED_BYTES:
        return
    if sum(map(body.count, MARKS)) * MARK_LEAST_BYTES > len(body):
        raise UnexpectedReply(
            f"the reply to {asked} has {len(body) >> 20} MiB of tiny values, which no taskfarm "
            "server sends: check the URL",
            url=asked.url,
        )


def too_large(asked: Asked, most_bytes: int) -> UnexpectedReply:
    """Return the error for a reply with a larger body than any that a taskfarm server sends."""
    return UnexpectedReply(
        f"the reply to {asked} has over {most_bytes >> 20} MiB, which no taskfarm server sends: "
        "check the URL",
        url=asked.url,
    )


def not_the_contract(api: str, asked: Asked, error: Exception) -> UnexpectedReply:
    """Return the error for a successful reply that is not what a taskfarm server sends.

    Args:
        api: the API's URL.
        asked: the request.
        error: what was raised when the reply was read.
    """
    detail = asked.quoted(f"{type(error).__name__}: {error}")
    return UnexpectedReply(
        f"{api} does not answer as a taskfarm server does; it may be another server or a login "
        f"page: check the URL ({asked}: {detail})",
        url=asked.url,
        detail=detail,
    )


def _is_encoded(headers: Mapping[str, str]) -> bool:
    return headers.get("content-encoding", "").strip().lower() not in ("", "identity")


def _detail(page: bytes, asked: Asked) -> str:
    import html

    # Decoded as UTF-8 whatever the charset, because only one line is shown.
    text = page.decode("utf-8", "replace")
    if asked.authorization.reveal():
        # Before the cut and the unescaping, and after it.
        text = quotes.hidden(text, quotes.secrets_of(asked.authorization))
    return asked.quoted(html.unescape(_shown(text[:READ_MOST])))


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
