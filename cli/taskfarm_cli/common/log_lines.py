"""Show lines of the SDK's log on stderr."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial

from taskfarm_cli.common.guard import complain

SDK = "taskfarm_sdk"
SECURITY = "taskfarm_sdk.security"


class _Lines(logging.Handler):
    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        self._say(record.getMessage())


@contextmanager
def show_log(name: str, say: Callable[[str], None], *, alone: bool = False) -> Generator[None]:
    """Show the warnings of a logger inside the `with` block.

    Args:
        name: the logger's name.
        say: called with each message.
        alone: leave out child loggers, which have their own handlers.
    """
    log, handler = logging.getLogger(name), _Lines(say)
    if alone:
        handler.addFilter(lambda record: record.name == name)
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)


@contextmanager
def outage_log(program: str) -> Generator[None]:
    """Show inside the `with` block when the server becomes unreachable and when it is back."""
    with show_log(SDK, partial(complain, program), alone=True):
        yield


@contextmanager
def tls_warnings(program: str) -> Generator[None]:
    """Show inside the `with` block that credentials are sent unencrypted."""
    with show_log(SECURITY, partial(complain, program), alone=True):
        yield
