"""The log of requests: one line each at DEBUG, in place of httpx's at INFO."""

from __future__ import annotations

import logging
import os

log = logging.getLogger("taskfarm_sdk.requests")
# Set to anything but 0, it has the lines written to stderr, whatever logging a program has set up.
VARIABLE = "TASKFARM_DEBUG"


class _NotOfFarms(logging.Filter):
    """Drops httpx's own lines about the requests to farms, and no other program's."""

    def __init__(self) -> None:
        super().__init__()
        self.origins: set[tuple[str, str, int | None]] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether a line is to be logged."""
        url = record.args[1] if isinstance(record.args, tuple) and len(record.args) > 1 else None
        place = tuple(getattr(url, name, None) for name in ("scheme", "host", "port"))
        return place not in self.origins


_filter = _NotOfFarms()


def begin(scheme: str, host: str, port: int | None) -> None:
    """Log the requests to a farm in one line each from now on.

    Args:
        scheme: of the API's URL.
        host: of the same.
        port: of the same; None for the scheme's own.
    """
    if not _filter.origins:
        logging.getLogger("httpx").addFilter(_filter)
    _filter.origins.add((scheme, host, port))
    if os.environ.get(VARIABLE, "0") not in ("", "0") and not log.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(message)s"))
        log.addHandler(handler)
        log.setLevel(logging.DEBUG)
        # A program that shows this log too would show each line twice.
        log.propagate = False


def note(method: str, url: object, outcome: str | int) -> None:
    """Log a request; its headers, and so its credentials, are left out.

    Args:
        method: its method.
        url: its URL or path.
        outcome: the status of the reply, or the name of the error.
    """
    log.debug("%s %s: %s", method, url, outcome)
