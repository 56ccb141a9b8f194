"""The report to the parent, and the failures in it."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
from typing import Any


class Failure(Exception):
    """A failure to report to the parent: its kind, and the details for the message."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.detail = detail


class Report:
    """The pipe to the parent.

    Args:
        descriptor: its end to write to.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._silent = False

    def send(self, event: str, **facts: object) -> None:
        """Write one event, unless `silence` was called."""
        if self._silent:
            return
        line = json.dumps({"event": event, **facts}) + "\n"
        with contextlib.suppress(OSError):  # the parent has ended; the other pipe ends this process
            os.write(self._descriptor, line.encode())

    def silence(self) -> None:
        """Write nothing more; the pipe stays open, because its end means that all has ended."""
        self._silent = True


def import_extra(name: str) -> Any:
    """Import a module of the extra `server`.

    Raises:
        Failure: it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise Failure("missing", str(error)) from error


def first_line(error: BaseException) -> str:
    """Return the first line of an error's text, or its type if it has none."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
