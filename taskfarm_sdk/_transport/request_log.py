"""The log of requests: one line each at DEBUG, instead of httpx's lines at INFO."""

from __future__ import annotations

import logging
import os

from taskfarm_sdk.hidden import MASK

log = logging.getLogger("taskfarm_sdk.requests")
# Any value but 0 writes the lines to stderr, regardless of the program's logging.
VARIABLE = "TASKFARM_DEBUG"


class _NotOfFarms(logging.Filter):
    """Drop httpx's lines about requests to farms, and keep all others."""

    def __init__(self) -> None:
        super().__init__()
        self.origins: set[tuple[str, str, int | None]] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether to log a line."""
        url = record.args[1] if isinstance(record.args, tuple) and len(record.args) > 1 else None
        place = tuple(getattr(url, name, None) for name in ("scheme", "host", "port"))
        return place not in self.origins


class _WithoutPasswords(logging.Filter):
    """Mask the password of a SOCKS proxy, which httpcore logs at DEBUG with its arguments."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return True, after masking."""
        begin, auth, _ = str(record.msg).partition(" auth=")
        if auth:
            record.msg = f"{begin}{auth}{MASK}"
        return True


_filter = _NotOfFarms()


def begin(scheme: str, host: str, port: int | None) -> None:
    """Log one line for each request to a farm from now on.

    Args:
        scheme: the scheme of the API's URL.
        host: its host.
        port: its port; None is the scheme's default.
    """
    if not _filter.origins:
        logging.getLogger("httpx").addFilter(_filter)
        logging.getLogger("httpcore.socks").addFilter(_WithoutPasswords())
    _filter.origins.add((scheme, host, port))
    if os.environ.get(VARIABLE, "0") not in ("", "0") and not log.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(message)s"))
        log.addHandler(handler)
        log.setLevel(logging.DEBUG)
        # Otherwise a program that shows this log too would show each line twice.
        log.propagate = False


def note(method: str, url: object, outcome: str | int) -> None:
    """Log a request without its headers, which contain credentials.

    Args:
        method: the method of the request.
        url: its URL or path.
        outcome: the status of the reply, or the name of the error.
    """
    log.debug("%s %s: %s", method, url, outcome)
