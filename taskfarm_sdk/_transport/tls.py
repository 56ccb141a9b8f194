"""Trusted certificates, the reasons to distrust one, and the warning where there is no TLS."""

from __future__ import annotations

import logging
import os
import ssl
from urllib.request import getproxies

from taskfarm_sdk import _validation
from taskfarm_sdk._transport import shortages
from taskfarm_sdk.errors import ConfigurationError

# Below "taskfarm_sdk", so that who shows that one's lines shows these too, and can tell them apart.
log = logging.getLogger("taskfarm_sdk.security")

# OpenSSL's numbers, which the ssl module has no names for.
_NOT_YET_VALID, _EXPIRED = 9, 10
_OTHER_NAME, _OTHER_ADDRESS = 62, 64

_told_of: set[str] = set()


def context(url: str) -> ssl.SSLContext | bool:
    """Return which authorities to trust: those that the environment names, httpx's own, or none.

    Without TLS on the way nobody needs to be, and loading them all takes longer than a request.

    Raises:
        ConfigurationError: the environment names what cannot be read.
    """
    if not url.startswith("https:") and not any(
        proxy.startswith("https:") for proxy in getproxies().values()
    ):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        if path := os.environ.get(name):
            return _named(name, path)
    return True


def _named(name: str, path: str) -> ssl.SSLContext:
    try:
        if name == "SSL_CERT_FILE":
            return ssl.create_default_context(cafile=path)
        return ssl.create_default_context(capath=path)
    except OSError as error:  # SSLError is one of them
        if shortages.of(error) is not None:
            raise
        what = error.strerror if not isinstance(error, ssl.SSLError) else "no certificate is in it"
        raise ConfigurationError(
            f"{name} names '{path}', which cannot be used ({what}): it is to hold the certificates "
            "of the authorities to trust, in PEM"
        ) from error


def distrust(error: BaseException | None) -> ssl.SSLCertVerificationError | None:
    """Return what an error has to do with a certificate, or None."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error
        error = error.__cause__ or error.__context__
    return None


def explained(url: str, error: ssl.SSLCertVerificationError) -> str:
    """Say what is wrong with a server's certificate, and what to do about it."""
    said, code = error.verify_message, error.verify_code
    if code in (_OTHER_NAME, _OTHER_ADDRESS):
        return (
            f"the certificate of {url} is for another name ({said}): take the name that is in the "
            "certificate, or have one made for this name; nothing was sent"
        )
    if code in (_EXPIRED, _NOT_YET_VALID):
        return (
            f"the certificate of {url} is not valid now ({said}): have it renewed, or set this "
            "machine's clock right; nothing was sent"
        )
    return (
        f"{url} has a certificate that is not trusted here ({said}); if it is your own, name its "
        "authority's file in SSL_CERT_FILE"
    )


def tell_of_open_way(url: str) -> None:
    """Warn once of a server to which passwords and tokens travel for others to read."""
    if url.startswith("https:") or _validation.is_loopback(url):
        return
    origin = _validation.origin(url)
    if origin not in _told_of:
        _told_of.add(origin)
        log.warning(
            "passwords and tokens travel to %s unencrypted, for all on the way to read and use: "
            "ask for https:// there",
            origin,
        )
