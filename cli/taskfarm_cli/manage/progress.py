"""Show the progress of a long command in one line of stderr, which is gone when it ends."""

from __future__ import annotations

import os
import sys
import time
from types import TracebackType
from typing import Self

from taskfarm_cli.common.terminal import is_terminal

DRAW_EVERY_S = 0.2
ERASE = "\x1b[K"


class Progress:
    """Says on a terminal's stderr how many tasks are seen to; says nothing anywhere else."""

    def __init__(self) -> None:
        self._shows = is_terminal(sys.stderr) and os.environ.get("TERM") != "dumb"
        self._is_drawn = False
        # A command that is quick leaves no flicker.
        self._next_at = time.monotonic() + DRAW_EVERY_S

    def show(self, done: int, total: int) -> None:
        """Draw how far it is, a few times a second at most."""
        if self._shows and time.monotonic() >= self._next_at:
            # The cursor stays at the line's beginning, so that an error's line covers this one.
            self._write(f"{ERASE}{done} of {total} tasks\r")
            self._is_drawn = True
            self._next_at = time.monotonic() + DRAW_EVERY_S

    def clear(self) -> None:
        """Take the line away, for something else to be written there."""
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
