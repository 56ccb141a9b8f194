"""Make the SDK's error of a reply that is no success: from its status, headers and text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from taskfarm_sdk.errors import (
    AuthenticationError,
    NotFound,
    RequestRejected,
    ServerError,
    TaskfarmError,
    UnexpectedReply,
)

DETAIL_LENGTH = 200


def error_of(
    method: str, status: int, reason: str, url: str, headers: Mapping[str, str], text: str
) -> TaskfarmError:
    """Make the error.

    Args:
        method: the request's.
        status: the reply's.
        reason: the same in words, for a reply that says nothing else.
        url: what was asked for.
        headers: the reply's, by names in lower case.
        text: what it says, which may be a page of HTML.
    """
    detail = _detail(text) or reason
    facts: dict[str, Any] = {"status": status, "url": url, "detail": detail}
    if status == 401:
        return AuthenticationError(f"{url} does not take the credentials (401)", **facts)
    if status == 404:
        return NotFound(
            f"there is nothing at {url} (404): is the URL right? a taskfarm's ends in /api/",
            method=method,
            **facts,
        )
    if status == 429 or status >= 500:
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
    return RequestRejected(f"the server refused the request ({status}) at {url}: {detail}", **facts)


def _detail(text: str) -> str:
    import html

    bare = re.sub(r"<(script|style).*?</\1>|<[^>]*>", " ", text, flags=re.DOTALL)
    words = " ".join(html.unescape(bare).split())
    return words if len(words) <= DETAIL_LENGTH else words[: DETAIL_LENGTH - 1] + "…"


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    from email.utils import parsedate_to_datetime

    value = headers.get("retry-after", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        then = parsedate_to_datetime(value)
        now = parsedate_to_datetime(headers["date"])
        return max(0.0, (then - now).total_seconds())
    except (ValueError, TypeError, KeyError):
        return None
