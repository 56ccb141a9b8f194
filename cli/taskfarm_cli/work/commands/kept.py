"""Files that keep a task's stdout and stderr, in place of passing them on."""

from __future__ import annotations

import json
import os
import socket
import threading
from pathlib import Path

from taskfarm_cli.work.commands.output import SlotSpools, Streams
from taskfarm_cli.work.commands.spool import Spool


class ResultFile:
    """A file that keeps one stream of one attempt.

    Args:
        path: where it is; an earlier attempt's file is overwritten.

    Raises:
        OSError: it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.place: str = str(path.parent)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        self._fault: OSError | None = None

    def write(self, content: bytes) -> int:
        """Write the beginning of this, and return how many bytes that is."""
        return os.write(self._file, content)

    def close(self) -> None:
        """Close it; a network file system may report a failed write only now.

        Raises:
            OSError: a write failed; raised again at each call.
        """
        file, self._file = self._file, -1
        try:
            if file >= 0:
                os.close(file)
        except OSError as error:
            error.filename = self.place
            self._fault = error
        if self._fault is not None:
            raise self._fault


class Results:
    """Keeps a folder for each task, with the files `stdout`, `stderr` and `exit`.

    Args:
        folder: where they are.

    Raises:
        OSError: it cannot be written to.
    """

    persists = True

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._files: dict[int, tuple[ResultFile, ResultFile]] = {}

    def begin(self, task: int, attempt: int, slot: int) -> Streams:
        """Return the streams of an attempt; its files take the place of an earlier one's."""
        folder = self._folder / str(task)
        folder.mkdir(exist_ok=True)
        (folder / "exit").unlink(missing_ok=True)
        out = ResultFile(folder / "stdout")
        try:
            err = ResultFile(folder / "stderr")
        except OSError:
            out.close()
            raise
        self._files[slot] = (out, err)
        return Streams(task, attempt, out, err)

    def owns(self, task: int, file: str) -> bool:
        """Return whether a file is inside the task's folder."""
        return Path(file).parent == self._folder / str(task)

    def look(self, streams: Streams, slot: int) -> None:
        """Do nothing: the files hold what was written."""

    def end(self, streams: Streams, slot: int, status: int) -> None:
        """Close the files, and write the exit status as a shell reports it."""
        for file in self._files[slot]:
            file.close()
        shown = status if status >= 0 else 128 - status
        (self._folder / str(streams.task) / "exit").write_text(f"{shown}\n")

    def close(self) -> None:
        """Do nothing: each attempt's files are closed at its end."""


class Log:
    """Keeps the output of all tasks in one file for this workTF, with an index beside it.

    `HOST-PID.log` holds what the commands wrote, one attempt after another, stdout before stderr.
    `HOST-PID.index` holds a line of JSON for each attempt: task, attempt, exit (negative for a
    signal), and stdout and stderr as offset and length in the other file.

    Args:
        folder: where they are.
        slots: how many commands run at a time.

    Raises:
        OSError: it cannot be written to.
    """

    persists = True

    def __init__(self, folder: str, slots: int) -> None:
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        name = log_name()
        self._log = _Appended(place / f"{name}.log")
        self._index = _Appended(place / f"{name}.index")
        self._spools = SlotSpools(slots)
        self._lock = threading.Lock()

    def begin(self, task: int, attempt: int, slot: int) -> Streams:
        """Return the streams of an attempt that begins in a slot."""
        return self._spools.begin(task, attempt, slot)

    def owns(self, task: int, file: str) -> bool:  # noqa: ARG002 - as Sink has it
        """Return that no task has files of its own."""
        return False

    def look(self, streams: Streams, slot: int) -> None:
        """Do nothing: it is kept at the end."""

    def end(self, streams: Streams, slot: int, status: int) -> None:
        """Add what the command wrote."""
        with self._lock:
            log_bytes, index_bytes = self._log.size, self._index.size
            try:
                places = [self._add(spool) for spool in self._spools.of(slot)]
                facts = {"task": streams.task, "attempt": streams.attempt, "exit": status}
                line = json.dumps(facts | dict(zip(("stdout", "stderr"), places, strict=True)))
                self._index.add(f"{line}\n".encode())
            except OSError:
                self._log.cut(log_bytes)
                self._index.cut(index_bytes)
                raise

    def close(self) -> None:
        """Close all files."""
        self._log.close()
        self._index.close()
        self._spools.close()

    def _add(self, spool: Spool) -> tuple[int, int]:
        begin = self._log.size
        spool.rewind()
        while content := spool.take(whole_lines=False):
            self._log.add(content)
        return begin, self._log.size - begin


def log_name() -> str:
    """Return the name of this workTF's log and index, without their endings."""
    return f"{socket.gethostname()}-{os.getpid()}"


class _Appended:
    """A file that only this workTF appends to; a half-written part can be cut off."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o666)
        self.size: int = os.fstat(self._file).st_size

    def add(self, content: bytes) -> None:
        """Write all of this at its end."""
        try:
            while content:
                written = os.pwrite(self._file, content, self.size)
                self.size += written
                content = content[written:]
        except OSError as error:
            error.filename = str(self._path)
            raise

    def cut(self, size: int) -> None:
        """Drop what follows after `size` bytes; if it cannot be cut off, it is overwritten."""
        self.size = size
        try:
            os.ftruncate(self._file, size)
        except OSError:
            return

    def close(self) -> None:
        """Close it."""
        os.close(self._file)
