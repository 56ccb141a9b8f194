"""Destinations of a command's stdout and stderr: the protocol, and workTF's own output."""

from __future__ import annotations

import sys
from typing import IO, TYPE_CHECKING, Protocol

import attrs

from taskfarm_cli.work.commands.pipes import Keeper
from taskfarm_cli.work.commands.spool import Spool
from taskfarm_cli.work.screen import Screen

if TYPE_CHECKING:
    from taskfarm_cli.work.template import Job


@attrs.frozen
class Streams:
    """The streams of one attempt at an item.

    Attributes:
        task: the number of the item's task.
        item: the item's number; in chunks of 1 it is the task's.
        attempt: which attempt it is, from 1.
        out: keeps what the command writes to stdout.
        err: the same for stderr.
    """

    task: int
    item: int
    attempt: int
    out: Keeper
    err: Keeper


class Sink(Protocol):
    """Takes what commands write.

    Attributes:
        persists: whether `end` may be called again after an OSError, which concerns that attempt
            alone; else it ends workTF.
    """

    persists: bool

    def begin(self, job: Job, attempt: int) -> Streams:
        """Return the streams of an attempt at a job that begins."""
        ...

    def owns(self, item: int, file: str) -> bool:
        """Return whether a file is inside this item's own folder."""
        ...

    def place(self, item: int) -> str | None:
        """Return where an item's output is kept, for a message; None if it is passed on.

        Args:
            item: the item's number.
        """
        ...

    def look(self, streams: Streams, slot: int) -> None:
        """Do periodic work while the command runs."""
        ...

    def end(self, streams: Streams, slot: int, status: int) -> None:
        """Keep or pass on what it wrote; its status is negative for a signal."""
        ...

    def sync(self) -> None:
        """Have what was kept on the disk.

        Raises:
            OSError: it may be lost.
        """
        ...

    def close(self) -> None:
        """Close all files."""
        ...


class SlotSpools:
    """Two spools for each slot, from its first command on."""

    def __init__(self) -> None:
        self._spools: dict[int, tuple[Spool, Spool]] = {}

    def of(self, slot: int) -> tuple[Spool, Spool]:
        """Return those of a slot, for stdout and stderr."""
        spools = self._spools.get(slot)
        if spools is None:
            # No other thread has this slot.
            spools = self._spools[slot] = (Spool(), Spool())
        return spools

    def begin(self, job: Job, attempt: int) -> Streams:
        """Return the emptied streams of an attempt at a job that begins."""
        for spool in self.of(job.slot):
            spool.empty()
        return Streams(job.task, job.item, attempt, *self.of(job.slot))

    def close(self) -> None:
        """Close all files."""
        for spools in self._spools.values():
            for spool in spools:
                spool.close()


class Passing:
    """Passes on what a command wrote, all of it together, when the command ends.

    Args:
        screen: writes messages to the same terminal.
        tag: whether each line begins with the item's number and a tab.
        line_buffer: whether lines are passed on as they come, those of several commands mixed.
    """

    persists = False

    def __init__(self, screen: Screen, *, tag: bool, line_buffer: bool) -> None:
        self._screen = screen
        self._spools = SlotSpools()
        self._tag = tag
        self._line_buffer = line_buffer

    def begin(self, job: Job, attempt: int) -> Streams:
        """Return the streams of an attempt at a job that begins."""
        return self._spools.begin(job, attempt)

    def owns(self, item: int, file: str) -> bool:  # noqa: ARG002 - as Sink has it
        """Return that no item has files of its own."""
        return False

    def place(self, item: int) -> None:
        """Return None: it is passed on."""

    def look(self, streams: Streams, slot: int) -> None:
        """Pass on whole lines, if they are wanted as they come."""
        if self._line_buffer:
            self._pass_on(streams, slot, whole_lines=True)

    def end(self, streams: Streams, slot: int, status: int) -> None:  # noqa: ARG002 - as Sink has it
        """Pass on what is left."""
        self._pass_on(streams, slot, whole_lines=False)

    def sync(self) -> None:
        """Do nothing: what was passed on is others' to keep."""

    def close(self) -> None:
        """Close all files."""
        self._spools.close()

    def _pass_on(self, streams: Streams, slot: int, *, whole_lines: bool) -> None:
        for spool, stream in zip(self._spools.of(slot), (sys.stdout, sys.stderr), strict=True):
            content = spool.take(whole_lines=whole_lines)
            if content:
                with self._screen.written_to():
                    self._write(streams, spool, stream.buffer, content, whole_lines=whole_lines)

    def _write(
        self, streams: Streams, spool: Spool, to: IO[bytes], content: bytes, *, whole_lines: bool
    ) -> None:
        at_line_begin = True
        while content:
            last = content
            to.write(self._tagged(streams, content, at_line_begin=at_line_begin))
            content = spool.take(whole_lines=whole_lines)
            at_line_begin = last.endswith(b"\n")
        to.flush()

    def _tagged(self, streams: Streams, content: bytes, *, at_line_begin: bool) -> bytes:
        if not self._tag:
            return content
        mark = b"%d\t" % streams.item
        body, end = (content[:-1], b"\n") if content.endswith(b"\n") else (content, b"")
        return (mark if at_line_begin else b"") + body.replace(b"\n", b"\n" + mark) + end
