"""Trusted certificates, messages about untrusted ones, and the warning without TLS."""

from __future__ import annotations

import logging
import os
import ssl
import sys
from urllib.request import getproxies

from taskfarm_sdk import _validation
from taskfarm_sdk._text import one_line
from taskfarm_sdk._transport import shortages
from taskfarm_sdk.errors import ConfigurationError

# Below "taskfarm_sdk", so that handlers of that logger receive these warnings too.
log = logging.getLogger("taskfarm_sdk.security")

# OpenSSL's error numbers, which the ssl module does not name.
_NOT_YET_VALID, _EXPIRED = 9, 10
_OTHER_NAME, _OTHER_ADDRESS = 62, 64

_told_of: set[str] = set()


def context(url: str) -> ssl.SSLContext | bool:
    """Return the trusted authorities: the environment's, httpx's own, or none without TLS.

    Without TLS none are needed, and loading them takes longer than a request.

    Raises:
        ConfigurationError: the environment names certificates that cannot be read.
    """
    if not url.startswith("https:") and not any(
        proxy.startswith("https:") for proxy in getproxies().values()
    ):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _try_key_log()
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        if path := os.environ.get(name):
            return _named(name, str(_validation.path(name, path)))
    return True


def _try_key_log() -> None:
    """See that the file of SSLKEYLOGFILE, which the ssl module opens, can be written."""
    path = os.environ.get("SSLKEYLOGFILE")
    if not path or sys.flags.ignore_environment:
        return
    try:
        with open(path, "ab"):  # noqa: PTH123 - the name as the ssl module takes it
            pass
    except OSError as error:
        raise ConfigurationError(
            f"SSLKEYLOGFILE names '{path}', which cannot be written ({error.strerror}): unset it, "
            "or name a file of yours; keys of TLS connections are logged there"
        ) from error


def _named(name: str, path: str) -> ssl.SSLContext:
    try:
        if name == "SSL_CERT_FILE":
            return ssl.create_default_context(cafile=path)
        return ssl.create_default_context(capath=path)
    except OSError as error:  # the base class of SSLError
        if shortages.of(error) is not None:
            raise
        what = error.strerror if not isinstance(error, ssl.SSLError) else "it has no certificates"
        raise ConfigurationError(
            f"{name} names '{path}', which cannot be used ({what}): it must contain the trusted "
            "authorities' certificates in PEM"
        ) from error


def distrust(error: BaseException | None) -> ssl.SSLCertVerificationError | None:
    """Return the certificate error that caused an error, or None."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error
        error = error.__cause__ or error.__context__
    return None


def explained(url: str, error: ssl.SSLCertVerificationError) -> str:
    """Return what is wrong with a server's certificate, and what to do."""
    said, code = one_line(error.verify_message), error.verify_code
    if code in (_OTHER_NAME, _OTHER_ADDRESS):
        return (
            f"the certificate of {url} is for another name ({said}): use the name in the "
            "certificate, or get a certificate for this name; nothing was sent"
        )
    if code in (_EXPIRED, _NOT_YET_VALID):
        return (
            f"the certificate of {url} is not valid now ({said}): renew it, or correct this "
            "machine's clock; nothing was sent"
        )
    return (
        f"the certificate of {url} is not trusted here ({said}): if it is your own, set "
        "SSL_CERT_FILE to its authority's file; nothing was sent"
    )


def tell_of_open_way(url: str) -> None:
    """Warn once for each server to which credentials are sent unencrypted."""
    if url.startswith("https:") or _validation.is_loopback(url):
        return
    origin = _validation.origin(url)
    if origin not in _told_of:
        _told_of.add(origin)
        log.warning(
            "credentials are sent to %s unencrypted; anyone on the network can read them. Use "
            "https://",
            origin,
        )
