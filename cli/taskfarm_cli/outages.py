"""News of outages for whoever waits: the SDK logs them, a person reads them on stderr."""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import contextmanager

from taskfarm_cli.arguments import PROGRAM
from taskfarm_cli.guard import complain


class _Lines(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        complain(PROGRAM, record.getMessage())


@contextmanager
def outages_told() -> Generator[None]:
    """Show what the SDK logs meanwhile: that the server went, and that it is back."""
    log, handler = logging.getLogger("taskfarm_sdk"), _Lines(logging.WARNING)
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)
