"""News for whoever waits: the SDK logs them, a person reads them on stderr."""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import contextmanager

from taskfarm_cli.common.guard import complain
from taskfarm_cli.manage.mode import PROGRAM

_OUTAGES = "taskfarm_sdk"
_OPEN_WAYS = "taskfarm_sdk.security"


class _Lines(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        complain(PROGRAM, record.getMessage())


@contextmanager
def outage_log() -> Generator[None]:
    """Show what the SDK logs meanwhile: that the server went, and that it is back."""
    with _told(_OUTAGES):
        yield


@contextmanager
def tls_warnings() -> Generator[None]:
    """Show meanwhile that a password or token travels for others to read."""
    with _told(_OPEN_WAYS):
        yield


@contextmanager
def _told(name: str) -> Generator[None]:
    log, handler = logging.getLogger(name), _Lines(logging.WARNING)
    # What a logger below it says comes through here too, and has its own handler.
    handler.addFilter(lambda record: record.name == name)
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)
