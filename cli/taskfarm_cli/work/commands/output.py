"""Destinations of a task's stdout and stderr: passed on when it ends, or kept in files."""

from __future__ import annotations

import json
import os
import socket
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO, Protocol

from taskfarm_cli.work.screen import Screen

CHUNK = 1 << 20


class Spool:
    """A file without a name that a command writes to, and others after it.

    It is no pipe: a command's end is the end of its process, whoever else holds the stream.
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="taskfarm-", buffering=0)  # noqa: SIM115
        self.fileno: int = self._file.fileno()
        self._taken = 0

    def take(self, *, whole_lines: bool) -> bytes:
        """Return what came since the last call, `CHUNK` bytes at most.

        Args:
            whole_lines: leave a line that has no end yet, unless it fills a chunk alone.
        """
        # A buffer of a whole chunk for the nothing that most commands say would stay with the
        # allocator: with 64 slots, 12 MiB.
        there = os.fstat(self.fileno).st_size - self._taken
        content = os.pread(self.fileno, min(there, CHUNK), self._taken) if there > 0 else b""
        if whole_lines and len(content) < CHUNK:
            content = content[: content.rfind(b"\n") + 1]
        self._taken += len(content)
        return content

    def empty(self) -> None:
        """Begin anew."""
        os.ftruncate(self.fileno, 0)
        os.lseek(self.fileno, 0, os.SEEK_SET)
        self._taken = 0

    def close(self) -> None:
        """Close the file, which is gone then."""
        self._file.close()


class Streams:
    """The streams of one attempt at a task.

    Attributes:
        task: the task's number.
        attempt: which attempt it is, from 1.
        out: the descriptor that the command gets as its stdout.
        err: the same for stderr.
    """

    def __init__(self, task: int, attempt: int, out: int, err: int) -> None:
        self.task = task
        self.attempt = attempt
        self.out = out
        self.err = err


class Sink(Protocol):
    """Takes what commands write."""

    def begin(self, task: int, attempt: int, slot: int) -> Streams:
        """Return the streams of an attempt that begins in a slot."""
        ...

    def look(self, streams: Streams, slot: int) -> None:
        """Do what is to be done while the command runs."""
        ...

    def end(self, streams: Streams, slot: int, status: int) -> None:
        """Keep or pass on what it wrote; its status is negative for a signal."""
        ...

    def close(self) -> None:
        """Close all files."""
        ...


class Passing:
    """Passes on what a command wrote, all of it together, when the command ends.

    Args:
        screen: what else is written to the terminal.
        slots: how many commands run at a time.
        tag: whether each line begins with the task's number and a tab.
        line_buffer: whether lines are passed on as they come, those of several tasks mixed.
    """

    def __init__(self, screen: Screen, slots: int, *, tag: bool, line_buffer: bool) -> None:
        self._screen = screen
        self._spools = _spools(slots)
        self._tag = tag
        self._line_buffer = line_buffer

    def begin(self, task: int, attempt: int, slot: int) -> Streams:
        """Return the streams of an attempt that begins in a slot."""
        return _begin(self._spools, task, attempt, slot)

    def look(self, streams: Streams, slot: int) -> None:
        """Pass on whole lines, if they are wanted as they come."""
        if self._line_buffer:
            self._pass_on(streams, slot, whole_lines=True)

    def end(self, streams: Streams, slot: int, status: int) -> None:  # noqa: ARG002 - as Sink has it
        """Pass on what is left."""
        self._pass_on(streams, slot, whole_lines=False)

    def close(self) -> None:
        """Close all files."""
        _close(self._spools)

    def _pass_on(self, streams: Streams, slot: int, *, whole_lines: bool) -> None:
        for spool, stream in zip(self._spools[slot], (sys.stdout, sys.stderr), strict=True):
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
        mark = b"%d\t" % streams.task
        body, end = (content[:-1], b"\n") if content.endswith(b"\n") else (content, b"")
        return (mark if at_line_begin else b"") + body.replace(b"\n", b"\n" + mark) + end


class Results:
    """Keeps a folder for each task, with the files `stdout`, `stderr` and `exit`.

    Args:
        folder: where they are.

    Raises:
        OSError: it cannot be written to.
    """

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)
        self._folder.mkdir(parents=True, exist_ok=True)

    def begin(self, task: int, attempt: int, slot: int) -> Streams:  # noqa: ARG002 - as Sink has it
        """Return the streams of an attempt; its files take the place of an earlier one's."""
        folder = self._folder / str(task)
        folder.mkdir(exist_ok=True)
        (folder / "exit").unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND
        out = os.open(folder / "stdout", flags, 0o666)
        try:
            return Streams(task, attempt, out, os.open(folder / "stderr", flags, 0o666))
        except OSError:
            os.close(out)
            raise

    def look(self, streams: Streams, slot: int) -> None:
        """Do nothing: the files hold what was written."""

    def end(self, streams: Streams, slot: int, status: int) -> None:  # noqa: ARG002 - as Sink has it
        """Close the files, and write what the command ended with, as a shell tells it."""
        os.close(streams.out)
        os.close(streams.err)
        shown = status if status >= 0 else 128 - status
        (self._folder / str(streams.task) / "exit").write_text(f"{shown}\n")

    def close(self) -> None:
        """Do nothing: each attempt's files are closed at its end."""


class Log:
    """Keeps all in one file for this workTF, with an index beside it.

    `HOST-PID.log` holds what the commands wrote, one attempt after another, stdout before stderr.
    `HOST-PID.index` holds a line of JSON for each attempt: task, attempt, exit (negative for a
    signal), and stdout and stderr as offset and length in the other file.

    Args:
        folder: where they are.
        slots: how many commands run at a time.

    Raises:
        OSError: it cannot be written to.
    """

    def __init__(self, folder: str, slots: int) -> None:
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        name = log_name()
        self._log = (place / f"{name}.log").open("ab", buffering=0)
        self._index = (place / f"{name}.index").open("a", encoding="utf-8")
        self._spools = _spools(slots)
        self._lock = threading.Lock()

    def begin(self, task: int, attempt: int, slot: int) -> Streams:
        """Return the streams of an attempt that begins in a slot."""
        return _begin(self._spools, task, attempt, slot)

    def look(self, streams: Streams, slot: int) -> None:
        """Do nothing: it is kept at the end."""

    def end(self, streams: Streams, slot: int, status: int) -> None:
        """Add what the command wrote."""
        with self._lock:
            places = [self._add(spool) for spool in self._spools[slot]]
            facts = {"task": streams.task, "attempt": streams.attempt, "exit": status}
            line = json.dumps(facts | dict(zip(("stdout", "stderr"), places, strict=True)))
            print(line, file=self._index, flush=True)

    def close(self) -> None:
        """Close all files."""
        self._log.close()
        self._index.close()
        _close(self._spools)

    def _add(self, spool: Spool) -> tuple[int, int]:
        begin = self._log.tell()
        while content := spool.take(whole_lines=False):
            self._log.write(content)
        return begin, self._log.tell() - begin


def log_name() -> str:
    """Return the name of this workTF's log and index, without their endings."""
    return f"{socket.gethostname()}-{os.getpid()}"


def _spools(slots: int) -> list[tuple[Spool, Spool]]:
    return [(Spool(), Spool()) for _ in range(slots)]


def _begin(spools: list[tuple[Spool, Spool]], task: int, attempt: int, slot: int) -> Streams:
    out, err = spools[slot]
    out.empty()
    err.empty()
    return Streams(task, attempt, out.fileno, err.fileno)


def _close(spools: list[tuple[Spool, Spool]]) -> None:
    for out, err in spools:
        out.close()
        err.close()
