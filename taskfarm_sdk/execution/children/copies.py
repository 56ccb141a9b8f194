"""Copies of a process that a user's function forks: they end with the function and never answer."""

from __future__ import annotations

import os
import sys
import traceback
from contextlib import suppress
from types import TracebackType
from typing import NoReturn


class EndCopies:
    """Ends a forked copy of the process at the end of a `with` that the process began."""

    def __init__(self) -> None:
        self._pid = os.getpid()

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if os.getpid() != self._pid:
            end_copy(error)


def end_copy(error: BaseException | None) -> NoReturn:
    """End this process, a forked copy, as a program ends.

    Args:
        error: what the function raised in it; None if it returned.
    """
    status = 1
    try:
        status = _status(error)
        flush()
    finally:
        # Not sys.exit: the copy must not run the exit handlers of the process that it is of.
        os._exit(status)


def _status(error: BaseException | None) -> int:
    if error is None:
        return 0
    if isinstance(error, SystemExit) and (error.code is None or isinstance(error.code, int)):
        return (error.code or 0) & 0xFF
    traceback.print_exception(error)
    return 1


def flush() -> None:
    """Flush the program's streams."""
    for stream in (sys.stdout, sys.stderr):
        # Users close and replace them at will.
        with suppress(AttributeError, OSError, ValueError):
            stream.flush()
