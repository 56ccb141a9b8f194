"""Turn what httpx raises into the SDK's errors."""

from __future__ import annotations

from taskfarm_sdk._text import one_line
from taskfarm_sdk._transport import bounds, replies, shortages, tls, wrong_scheme
from taskfarm_sdk._transport.httpx_import import httpx
from taskfarm_sdk._transport.quotes import Asked
from taskfarm_sdk.errors import (
    ConfigurationError,
    ConnectionFailed,
    TaskfarmError,
)

# The errors of httpx that are translated; other exceptions are bugs and stay as they are.
RAISED = (
    httpx.HTTPError,
    httpx.InvalidURL,
    httpx.CookieConflict,
    bounds.ReplyTooLarge,
    bounds.StaleReply,
)
# After these errors the request was certainly not sent.
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


def no_socks() -> ConfigurationError:
    """Return the error for a SOCKS proxy of the environment that httpx cannot use here."""
    return ConfigurationError(
        "the environment names a SOCKS proxy, for which httpx needs a package: "
        'pip install "httpx[socks]", or add the server to NO_PROXY'
    )


def error_of(error: Exception, url: str, asked: Asked) -> TaskfarmError:
    """Return the error for a request that failed.

    Args:
        error: what httpx raised, one of `RAISED`.
        url: the API's.
        asked: the request.
    """
    # It quotes what is no HTTP, at any length.
    said = asked.quoted(str(error)) or type(error).__name__
    if isinstance(error, (httpx.InvalidURL, httpx.UnsupportedProtocol)):
        return ConfigurationError(f"invalid URL {url} ({said})", url=url, detail=said)
    if isinstance(error, bounds.ReplyTooLarge):
        return replies.too_large(asked, error.most_bytes)
    if isinstance(error, bounds.StaleReply):
        return _stale(url, asked)
    if hopeless := _hopeless(error, url):
        return ConnectionFailed(hopeless, sent=False, hopeless=True, url=url, detail=said)
    if isinstance(error, NEVER_SENT):
        return _never_sent(error, url, said)
    closed = isinstance(error, (httpx.RemoteProtocolError, httpx.ReadError))
    return lost(url, asked, said + wrong_scheme.perhaps_with_tls(url) if closed else said)


def _hopeless(error: Exception, url: str) -> str | None:
    """Return why trying again is of no use, or None."""
    distrusted = tls.distrust(error)
    if distrusted is not None:
        return tls.explained(url, distrusted)
    return wrong_scheme.without_tls(url, error)


def _never_sent(error: Exception, url: str, said: str) -> ConnectionFailed:
    if (lack := shortages.of(error)) is not None:
        return shortages.explained(url, lack)
    return ConnectionFailed(
        f"no taskfarm server answers at {url} ({said}): check that it is running, and the URL",
        sent=False,
        url=url,
        detail=said,
    )


def _stale(url: str, asked: Asked) -> ConnectionFailed:
    """Return the error for a request to which a reply came that belongs to an earlier one."""
    return ConnectionFailed(
        f"the connection to {url} held a reply before {asked} was sent, so that it answers "
        "another request: check for a faulty proxy in between",
        sent=True,
        url=url,
        detail="a reply to another request",
    )


def no_name(url: str, error: UnicodeError) -> ConfigurationError:
    """Return the error for a host name that cannot be looked up."""
    return ConfigurationError(
        f"the host name in {url}, or in a proxy's URL, cannot be looked up "
        f"({one_line(str(error))}): check the URL, and HTTP_PROXY, HTTPS_PROXY and ALL_PROXY",
        url=url,
    )


def lost(url: str, asked: Asked, said: str) -> ConnectionFailed:
    """Return the error for a request that was sent, and whose reply was lost."""
    return ConnectionFailed(
        f"the connection to {url} broke before the reply was complete ({asked}: {said})",
        sent=True,
        url=url,
        detail=said,
    )


def timed_out(url: str, asked: Asked, *, is_sent: bool) -> TaskfarmError:
    """Return the error for a request whose time was over, of asyncio's timer."""
    if is_sent:
        return lost(url, asked, "the reply was not complete in time")
    return _never_sent(httpx.ConnectTimeout("no connection in time"), url, "no connection in time")
