"""Recognise `https://` to a server without TLS, and `http://` to a server with TLS."""

from __future__ import annotations

import re
import ssl

# What OpenSSL says of bytes that are no TLS: the beginning of a reply in plain HTTP.
_NO_TLS = (
    "WRONG_VERSION_NUMBER",
    "HTTP_REQUEST",
    "UNKNOWN_PROTOCOL",
    "PACKET_LENGTH_TOO_LONG",
    "RECORD_LAYER_FAILURE",
)
# nginx: "The plain HTTP request was sent to HTTPS port"; Apache: "speaking plain HTTP to an
# SSL-enabled server port"; Go: "Client sent an HTTP request to an HTTPS server."
_PAGE = re.compile(r"\bHTTP\b.*\b(HTTPS|SSL|TLS)\b", re.IGNORECASE)


def without_tls(url: str, error: BaseException) -> str:
    """Return what is wrong if a server that was asked by `https://` has no TLS, or nothing."""
    if not url.startswith("https:"):
        return ""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError) and (cause.reason or "") in _NO_TLS:
            plain = url.replace("https:", "http:", 1)
            return (
                f"{url} is no https:// server: it answers without TLS ({cause.reason}); if "
                f"that is the server, give {plain}; nothing was sent"
            )
        cause = cause.__cause__ or cause.__context__
    return ""


def page_with_tls(url: str, status: int, detail: str) -> str:
    """Return what is wrong if a page says that the server speaks only `https://`, or nothing."""
    if not url.startswith("http:") or status != 400 or not _PAGE.search(detail):
        return ""
    return f"{url} speaks only https://: give {_secure(url)}"


def perhaps_with_tls(url: str) -> str:
    """Return what may be wrong if a server answers `http://` with an alert of TLS or nothing.

    Only perhaps: a server that is stopped in this moment, or a bad network, look the same.
    """
    if not url.startswith("http:"):
        return ""
    return f"; if the server speaks only https://, give {_secure(url)}"


def _secure(url: str) -> str:
    return url.replace("http:", "https:", 1)
