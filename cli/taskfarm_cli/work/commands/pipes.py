"""Pipes that carry a command's output to its keeper.

If the command wrote to a file itself, `> /dev/stderr` would reopen and truncate it, and processes
that a task leaves running would write into the next task's output.
"""

from __future__ import annotations

import fcntl
import os
import struct
import termios
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from taskfarm_cli.work.commands.faults import TRIED_EVERY_S, TRIED_FOR_S

AT_ONCE_BYTES = 256 << 10
# Linux gives 64 KiB, with which large output takes a fifth more CPU.
PIPE_BYTES = 256 << 10
# A pipe that had no more than this is not read for a moment: otherwise a command that writes line
# by line would wake workTF for each line.
LITTLE_BYTES = 16 << 10
REST_S = 0.01


class Keeper(Protocol):
    """Keeps the content of one stream of a command.

    Attributes:
        place: the folder or file, for messages.
    """

    place: str

    def write(self, content: bytes) -> int:
        """Keep the beginning of this, and return how many bytes that is.

        Raises:
            OSError: nothing of it could be kept; the same may be tried again.
        """
        ...


class Pipe:
    """One stream of one command.

    Args:
        keeper: keeps its content.

    Attributes:
        theirs: the end that the command gets.
        fault: why some of its content is lost, or None.

    Raises:
        OSError: there is no descriptor left.
    """

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._ours, self.theirs = os.pipe()
        os.set_blocking(self._ours, False)
        if hasattr(fcntl, "F_SETPIPE_SZ"):
            with suppress(OSError):  # a user has only so much of it
                fcntl.fcntl(self._ours, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        self._pending = b""
        self._failing_since: float | None = None
        self._rests_until = 0.0
        self._is_over = False
        self.fault: str | None = None

    def began(self) -> None:
        """Close the command's end, which the command has by now."""
        os.close(self.theirs)
        self.theirs = -1

    def awaited(self, now: float) -> int | None:
        """Return the descriptor to wait for, or None where nothing is to be read now."""
        return None if self._is_over or self._pending or now < self._rests_until else self._ours

    def wakes_at(self, now: float) -> float:
        """Return when to look at it, whatever its descriptor says."""
        if self._pending:
            return now + TRIED_EVERY_S
        return self._rests_until if now < self._rests_until else float("inf")

    def pump(self) -> None:
        """Keep what is there, without waiting for more."""
        if self._pending:
            self._keep(time.monotonic())
            return
        now = time.monotonic()
        if self._is_over or now < self._rests_until:
            return
        self._pending = self._read(AT_ONCE_BYTES)
        if 0 < len(self._pending) < LITTLE_BYTES:
            self._rests_until = now + REST_S
        self._keep(now)

    def finish(self, wait: Callable[[float], bool]) -> None:
        """Keep what a dead process group wrote, but not later output of processes that left it.

        Args:
            wait: waits for so many seconds; returns whether the time is over.
        """
        left = 0 if self._is_over else self._there()
        while left or self._pending:
            if not self._pending:
                self._pending = self._read(min(left, AT_ONCE_BYTES))
                left = left - len(self._pending) if self._pending else 0
            self._keep(time.monotonic())
            if self._pending and wait(TRIED_EVERY_S):
                self._keep(float("inf"))

    def close(self) -> None:
        """Close both ends; processes that still write get SIGPIPE."""
        for end in (self._ours, self.theirs):
            if end >= 0:
                os.close(end)
        self._ours = self.theirs = -1

    def _there(self) -> int:
        (there,) = struct.unpack("i", fcntl.ioctl(self._ours, termios.FIONREAD, b"\0" * 4))
        return int(there)

    def _read(self, most: int) -> bytes:
        # Most commands write little; the allocator would keep a buffer of the whole size for each
        # slot.
        try:
            content = os.read(self._ours, min(most, max(self._there(), 1)))
        except BlockingIOError:
            return b""
        self._is_over = not content
        return content

    def _keep(self, now: float) -> None:
        """Pass what was read to the keeper; after `TRIED_FOR_S` without success it is lost."""
        try:
            while self._pending and self.fault is None:
                self._pending = self._pending[self._keeper.write(self._pending) :]
                self._failing_since = None
        except OSError as error:
            if self._failing_since is None:
                self._failing_since = now
            if now - self._failing_since < TRIED_FOR_S:
                return
            self.fault = (
                f"its output could not be kept in {self._keeper.place} "
                f"({error.strerror or type(error).__name__})"
            )
        # A full pipe that is not read would keep the command from ending.
        self._pending = b""
