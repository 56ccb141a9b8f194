"""Write the results that this process computes to a file of its own."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from threading import get_ident

import attrs

from taskfarm_sdk._caught import Caught, caught
from taskfarm_sdk._pickles import pack_value
from taskfarm_sdk._processes.forks import renew_in_children
from taskfarm_sdk._results import names, values
from taskfarm_sdk._results.folder import Folder
from taskfarm_sdk._results.folder_errors import cannot_write
from taskfarm_sdk._results.record import Codec, Outcome, encode_head
from taskfarm_sdk.errors import TaskfarmError

# A kill loses what is not yet written: at most so many bytes, and the work of so many seconds.
FLUSH_BYTES = 65_536
FLUSH_S = 0.1
# A larger payload is written from where it is, not copied.
COPY_BYTES = 1_048_576
# Packed in half the time of what they are members of.
_SUCCESS = int(Outcome.SUCCESS)
_PICKLE = int(Codec.PICKLE)


class ResultsWriter:
    """Writes results, safe among the threads of a process, and renewed in its forked children.

    The file is created for the first record, and never opened again. After an error it is cut back
    to what is surely written, and the next record begins another.

    Args:
        folder: the results folder.
        clock: seconds that only grow.
    """

    def __init__(self, folder: Folder, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder = folder
        self._clock = clock
        self._file: _File | None = None
        # The error of each thread whose records another thread could not write.
        self._lost: dict[int, OSError] = {}
        self._lock = threading.Lock()
        renew_in_children(self)

    def success(
        self, item: int, attempt: int, value: object, took_s: float, *, final: bool = False
    ) -> Caught | None:
        """Add what a function returned for an item.

        Args:
            item: the item's number.
            attempt: which attempt it was, 1 for the first.
            value: what the function returned.
            took_s: how long it took.
            final: whether there will be no other attempt if the value cannot be kept.

        Returns:
            None, or why the value cannot be pickled: then the attempt is recorded as failed.

        Raises:
            TaskfarmError: the folder cannot be written; records of this thread since its last
                `sync` may be lost.
        """
        try:
            payload = pack_value(value)
        except Exception as error:  # noqa: BLE001 - the value's class raises what it likes
            why = attrs.evolve(caught(error, error.__traceback__), error=error)
            self.failure(item, attempt, why, took_s, final=final)
            return why
        self._add(item, attempt, _SUCCESS, took_s, payload)
        return None

    def failure(
        self, item: int, attempt: int, why: Caught, took_s: float, *, final: bool = False
    ) -> None:
        """Add a failed attempt at an item.

        Args:
            item: the item's number.
            attempt: which attempt it was, 1 for the first.
            why: the exception that failed it.
            took_s: how long it took.
            final: whether there will be no other attempt.

        Raises:
            TaskfarmError: as in `success`.
        """
        outcome = Outcome.FINAL_FAILURE if final else Outcome.FAILURE
        payload = values.pack_failure(why)
        self._add(item, attempt, outcome, took_s, payload)

    def flush(self) -> None:
        """Write what was added, so that it survives this process.

        Raises:
            TaskfarmError: as in `success`.
        """
        with self._lock:
            self._raise_lost()
            self._flush()

    def sync(self) -> None:
        """Have what was added on disk, so that it survives this machine's end.

        Raises:
            TaskfarmError: as in `success`.
        """
        with self._lock:
            self._raise_lost()
            self._flush()
            if self._file is not None and not self._file.is_synced:
                try:
                    self._file.sync()
                except OSError as error:
                    raise self._abandon(error) from error

    def close(self) -> None:
        """Have what was added on disk, and close the file; a later record begins another.

        Raises:
            TaskfarmError: as in `success`.
        """
        self.sync()
        with self._lock:
            file, self._file = self._file, None
            if file is not None:
                file.close()

    def after_fork(self) -> None:
        """Leave the file and what waits to be written to the parent."""
        file, self._file = self._file, None
        if file is not None:
            file.close()
        self._lost = {}
        self._lock = threading.Lock()

    def _add(self, item: int, attempt: int, outcome: int, took_s: float, payload: bytes) -> None:
        # A million small items spend their time here: no call that can be left out.
        with self._lock:
            if self._lost:
                self._raise_lost()
            file = self._file
            if file is None:
                file = self._file = self._open()
            if len(payload) > COPY_BYTES:
                self._flush()
            file.waiting.add(get_ident())
            buffer = file.buffer
            data = buffer.data
            head = encode_head(
                buffer.base + len(data), item, attempt, outcome, _PICKLE, took_s, payload
            )
            if len(payload) > COPY_BYTES:
                self._write(lambda: file.write_now(head, payload))
                return
            # In one step, which no interrupt divides.
            data += head + payload
            if len(data) >= FLUSH_BYTES or self._clock() >= file.write_at:
                self._flush()

    def _open(self) -> _File:
        name = names.new_results_file()
        # A monotonic clock began before any file did, so the first record is written at once.
        return _File(name, self._folder.create_file(name), write_at=0.0)

    def _flush(self) -> None:
        file = self._file
        if file is not None and file.buffer.data:
            self._write(file.write)

    def _write(self, write: Callable[[], None]) -> None:
        try:
            write()
        except OSError as error:
            raise self._abandon(error) from error
        assert self._file is not None
        self._file.write_at = self._clock() + FLUSH_S

    def _abandon(self, error: OSError) -> TaskfarmError:
        """Keep what is surely written, and remember which threads' records are not among it."""
        file, self._file = self._file, None
        assert file is not None
        for thread in file.end_after(error):
            self._lost[thread] = error
        if file.is_empty:
            self._folder.remove(file.name)
        self._lost.pop(get_ident(), None)
        return cannot_write(self._folder.path, error)

    def _raise_lost(self) -> None:
        if not self._lost:
            return
        error = self._lost.pop(get_ident(), None)
        if error is not None:
            raise cannot_write(self._folder.path, error) from error


@attrs.define
class _Buffer:
    """What waits to be written, and its place in the file.

    Both in one object, which is exchanged at once: an interrupt never leaves them contradictory.
    """

    base: int
    data: bytearray = attrs.field(factory=bytearray)


@attrs.define
class _File:
    """A results file of this process.

    Attributes:
        name: its name.
        descriptor: of the file.
        write_at: when the buffer is to be written at the latest, once something is added.
        buffer: what waits to be written.
        synced: how many bytes are on disk.
        waiting: the threads with records in the buffer.
        unsynced: the threads with records that are written, and perhaps not on disk.
        failed_sync: whether the last attempt to have it on disk failed.
    """

    name: str
    descriptor: int
    write_at: float
    buffer: _Buffer = attrs.field(factory=lambda: _Buffer(0))
    synced: int = 0
    waiting: set[int] = attrs.field(factory=set[int])
    unsynced: set[int] = attrs.field(factory=set[int])
    failed_sync: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing is written."""
        return self.buffer.base == 0

    @property
    def is_synced(self) -> bool:
        """Whether all that is written is on disk."""
        return self.synced == self.buffer.base

    def write(self) -> None:
        """Write the buffer."""
        _write_all(self.descriptor, self.buffer.data, self.buffer.base)
        self._written(len(self.buffer.data))

    def write_now(self, head: bytes, payload: bytes) -> None:
        """Write a record, behind an empty buffer."""
        offset = self.buffer.base
        _write_all(self.descriptor, head, offset)
        _write_all(self.descriptor, payload, offset + len(head))
        self._written(len(head) + len(payload))

    def sync(self) -> None:
        """Have what is written on disk, in a file that others find."""
        try:
            os.fsync(self.descriptor)
            if os.fstat(self.descriptor).st_nlink == 0:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        except OSError:
            self.failed_sync = True
            raise
        self.synced = self.buffer.base
        self.unsynced.clear()

    def end_after(self, error: OSError) -> set[int]:
        """Cut the file back to what is surely written, close it, and return who lost records."""
        lost = set(self.waiting)
        with suppress(OSError):
            os.ftruncate(self.descriptor, self.buffer.base)
        try:
            # A second attempt after a failed one succeeds, and the data is lost all the same.
            if self.failed_sync:
                raise error
            self.sync()
        except OSError:
            lost |= self.unsynced
            self.buffer = _Buffer(self.synced)
            with suppress(OSError):
                os.ftruncate(self.descriptor, self.synced)
        self.close()
        return lost

    def close(self) -> None:
        """Close the descriptor."""
        with suppress(OSError):
            os.close(self.descriptor)

    def _written(self, size: int) -> None:
        self.unsynced |= self.waiting
        self.waiting.clear()
        self.buffer = _Buffer(self.buffer.base + size)


def _write_all(descriptor: int, data: bytes | bytearray, offset: int) -> None:
    """Write bytes at an offset, where an attempt before may have written some of them."""
    with memoryview(data) as view:
        done = 0
        while done < len(view):
            done += os.pwrite(descriptor, view[done:], offset + done)
