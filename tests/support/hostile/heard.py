"""The lines that the SDK logs, at DEBUG, while it meets hostile replies."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager


class Heard(logging.Handler):
    """Keep the lines that are logged, until they are taken."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line as a handler would write it."""
        self._lines.append(self.format(record))

    def take(self) -> list[str]:
        """Return the lines so far, each once."""
        lines, self._lines = self._lines, []
        return lines


@contextmanager
def listening() -> Iterator[Heard]:
    """Keep the lines of the SDK's loggers while the block runs."""
    heard, log = Heard(), logging.getLogger("taskfarm_sdk")
    before = log.level
    log.addHandler(heard)
    log.setLevel(logging.DEBUG)
    try:
        yield heard
    finally:
        log.setLevel(before)
        log.removeHandler(heard)
