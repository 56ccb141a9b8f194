"""Show the progress of a long command in one line on stderr, and remove it at the end."""

from __future__ import annotations

import os
import sys
import time
from types import TracebackType
from typing import Self

from taskfarm_cli.common.terminal import columns, is_terminal
from taskfarm_cli.common.text import counted, fitting
from taskfarm_sdk._foreground import is_in_foreground

DRAW_EVERY_S = 0.2
ERASE = "\x1b[K"


class Progress:
    """Show how many tasks or runs are processed, if stderr is a terminal."""

    def __init__(self) -> None:
        self._shows = is_terminal(sys.stderr) and os.environ.get("TERM") != "dumb"
        self._is_drawn = False
        # A fast command shows nothing.
        self._next_at = time.monotonic() + DRAW_EVERY_S

    def show(self, done: int, total: int, noun: str = "task") -> None:
        """Draw the number of processed tasks, at most a few times a second."""
        if self._shows and time.monotonic() >= self._next_at and is_in_foreground(sys.stderr):
            # The cursor stays at the line's beginning, so that an error's line covers this one.
            text = fitting([f"{done} of {counted(total, noun)}"], columns(sys.stderr) - 1)
            self._write(f"{ERASE}{text}\r")
            self._is_drawn = True
            self._next_at = time.monotonic() + DRAW_EVERY_S

    def clear(self) -> None:
        """Remove the line, so that other output can be written there."""
        if self._is_drawn:
            self._write(ERASE)
            self._is_drawn = False

    def _write(self, text: str) -> None:
        print(text, end="", file=sys.stderr, flush=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.clear()
