"""The messages of workTF on stderr, and on a terminal a status line below them."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from taskfarm_cli.common.bars import barred
from taskfarm_cli.common.guard import complain
from taskfarm_cli.common.log_lines import SDK, show_log
from taskfarm_cli.common.terminal import columns, is_terminal
from taskfarm_cli.common.text import fitting
from taskfarm_sdk._foreground import is_in_foreground

if TYPE_CHECKING:
    from taskfarm_sdk import RunStatus

ERASE = "\r\x1b[K"


class Screen:
    """Writes whole lines from any thread, without mixing them.

    Args:
        program: the name that messages begin with.
    """

    def __init__(self, program: str) -> None:
        self._program = program
        self._lock = threading.RLock()
        self.is_live: bool = is_terminal(sys.stderr) and os.environ.get("TERM") != "dumb"
        self._is_drawn = False

    def say(self, text: str, command: str = "") -> None:
        """Write a message, with a command at its end that stays in one piece."""
        with self._lock:
            self._erase()
            complain(self._program, text, command)

    def draw(self, *pieces: str, status: RunStatus | None = None) -> None:
        """Show the status line in place of the last one, but not from the background.

        Args:
            pieces: the parts of the line, the most important one first: the last ones are left out
                on a narrow terminal.
            status: the run's status, for a bar before them; None for no bar.
        """
        if self.is_live:
            with self._lock:
                if not is_in_foreground(sys.stderr):
                    # The line is now one in which somebody types, and not this program's to erase.
                    self._is_drawn = False
                    return
                # A line as wide as the terminal would be continued below it, and stay there.
                room = columns(sys.stderr) - 1
                line = fitting(pieces, room) if status is None else barred(status, pieces, room)
                self._write(f"{ERASE}{line}")
                self._is_drawn = True

    @contextmanager
    def written_to(self) -> Generator[None]:
        """Lock the screen for output of the tasks."""
        with self._lock:
            self._erase()
            yield

    @contextmanager
    def told(self) -> Generator[None]:
        """Show what the SDK logs: failed attempts, outages, recovered tasks."""
        try:
            with show_log(SDK, self.say):
                yield
        finally:
            with self._lock:
                self._erase()

    def _erase(self) -> None:
        if self._is_drawn:
            self._write(ERASE)
            self._is_drawn = False

    def _write(self, text: str) -> None:
        with suppress(OSError):
            print(text, end="", file=sys.stderr, flush=True)
