"""Copies of a child that its function forks: they end with the function, and answer nobody."""

from __future__ import annotations

import os
import sys
import traceback
from contextlib import suppress
from types import TracebackType


class EndCopies:
    """Ends, at the end of a `with`, a process that is a copy of the one that began it."""

    def __init__(self) -> None:
        self._pid = os.getpid()

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if os.getpid() == self._pid:
            return
        status = 1
        try:
            status = _status(error)
            flush()
        finally:
            # Not sys.exit: what is to happen at the child's end is not the copy's to do.
            os._exit(status)


def _status(error: BaseException | None) -> int:
    if error is None:
        return 0
    if isinstance(error, SystemExit) and (error.code is None or isinstance(error.code, int)):
        return (error.code or 0) & 0xFF
    traceback.print_exception(error)
    return 1


def flush() -> None:
    """Write what the program's streams hold back."""
    for stream in (sys.stdout, sys.stderr):
        # Users close and replace them at will.
        with suppress(AttributeError, OSError, ValueError):
            stream.flush()
