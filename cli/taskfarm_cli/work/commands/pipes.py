"""Pipes that bring what a command writes to where it is kept.

A file that the command writes to itself would do, but for `> /dev/stderr`, which opens it again and
truncates it, and for what a task leaves running, which would write into the next task's output.
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
# A pipe that had so little is left alone for a moment: a command that writes line by line would
# otherwise have workTF wake for each.
LITTLE_BYTES = 16 << 10
REST_S = 0.01


class Keeper(Protocol):
    """Keeps what one stream of a command brings.

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
        keeper: keeps what it brings.

    Attributes:
        theirs: the end that the command gets.
        fault: why something of it is lost, or None.

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
        """Keep what a dead process group wrote: not what comes later, of those that left it.

        Args:
            wait: lets so many seconds pass; whether there is no more time.
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
        """Close both ends; who still writes gets SIGPIPE."""
        for end in (self._ours, self.theirs):
            if end >= 0:
                os.close(end)
        self._ours = self.theirs = -1

    def _there(self) -> int:
        (there,) = struct.unpack("i", fcntl.ioctl(self._ours, termios.FIONREAD, b"\0" * 4))
        return int(there)

    def _read(self, most: int) -> bytes:
        # A buffer of the whole size for the little that most commands say would stay with the
        # allocator, for each slot.
        try:
            content = os.read(self._ours, min(most, max(self._there(), 1)))
        except BlockingIOError:
            return b""
        self._is_over = not content
        return content

    def _keep(self, now: float) -> None:
        """Have what was read kept; after `TRIED_FOR_S` without success it is lost."""
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
        # The command is not kept from ending by a pipe that nobody reads.
        self._pending = b""
