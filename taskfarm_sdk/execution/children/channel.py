"""Messages between a parent and its child process, and the memory that they share.

Each child has a socket of its own: one that is killed while it writes cannot hold up the others,
as it could on a queue that all share. A message is a line of JSON and is read as it arrives: half a
message of a child that is stopped or killed does not block the parent, as it would in recv_bytes()
of a `multiprocessing.connection.Connection`, and garbage is never read as a message's length.
"""

from __future__ import annotations

import json
import math
import mmap
import select
import socket
import tempfile
import threading
import time
from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import IO, TypeVar, cast

import attrs

from taskfarm_sdk._caught import Caught, with_lines
from taskfarm_sdk.execution.children.log_records import Record

_CHUNK = 65536
# A percentage, whether a stop is asked for, the job's number and the item's: doubles, each written
# in one piece.
_SLOT_BYTES = 32

M = TypeVar("M", bound="Job | Taken | Answer")


def _numbers(numbers: Iterable[int]) -> tuple[int, ...]:
    return tuple(numbers)


@attrs.frozen
class Job:
    """A task for a child, as it was handed out."""

    number: int
    percent: float
    attempts: int
    run_uuid: str
    started_at: str
    is_new: bool
    lost_items: tuple[int, ...] = attrs.field(default=(), converter=_numbers)


@attrs.frozen
class Taken:
    """A child has loaded the function, or reports why it cannot."""

    fault: str | None = None


@attrs.frozen
class Answer:
    """What came of a task.

    Attributes:
        how: "complete", "release" or "fail".
        reason: what went wrong, where an exception alone does not say it.
        final: whether it is to be tried again by nobody.
        exit_status: of what the function ran, where it says so.
        advanced: whether a part of a failed task succeeded.
        asked_to_end: a signal had come that asks to end, which may have been what went wrong.
        failed_items: the items of the task that failed.
        error_type: the name of the type of the exception that failed it; None if none did.
        error_text: what the exception says.
        traceback: where it came from.
        packed: itself, pickled, in base64; empty where it cannot travel.
    """

    how: str
    reason: str = ""
    final: bool = False
    exit_status: int | None = None
    advanced: bool = False
    asked_to_end: bool = False
    failed_items: Sequence[int] = attrs.field(default=(), converter=_numbers)
    error_type: str | None = None
    error_text: str = ""
    traceback: str = ""
    packed: str = ""

    @property
    def caught(self) -> Caught | None:
        """What is kept of the exception that failed it."""
        if self.error_type is None:
            return None
        packed = b64decode(self.packed) or None
        return Caught(self.error_type, self.error_text, with_lines(self.traceback), packed)


def failed(
    caught: Caught,
    reason: str = "",
    *,
    asked_to_end: bool = False,
    advanced: bool = False,
    failed_items: Sequence[int] = (),
) -> Answer:
    """Return the answer of a function that raised, or of one whose items did."""
    return Answer(
        "fail",
        reason,
        advanced=advanced,
        asked_to_end=asked_to_end,
        failed_items=failed_items,
        error_type=caught.type,
        error_text=caught.text,
        traceback=caught.traceback,
        packed=b64encode(caught.packed or b"").decode(),
    )


class Channel:
    """One end of a socket, for messages in both directions.

    Log records from the other end may come between them, and are handled as they arrive.
    """

    def __init__(self, end: socket.socket) -> None:
        self._socket = end
        self._heard = bytearray()
        self._lock = threading.RLock()
        self._to_send: deque[bytes] = deque()
        self._is_sending = False

    def send(self, message: Job | Taken | Answer | Record) -> None:
        """Send a message.

        Raises:
            OSError: the other end is closed.
        """
        line = json.dumps(attrs.asdict(message)).encode() + b"\n"
        with self._lock:
            self._to_send.append(line)
            if self._is_sending:
                return  # a signal's handler amid another message, which must stay in one piece
            self._is_sending = True
            try:
                while self._to_send:
                    self._socket.sendall(self._to_send.popleft())
            finally:
                self._is_sending = False

    def receive(self, kind: type[M], timeout_s: float | None = None) -> M | None:
        """Return the next message, or None if the time is over.

        Raises:
            EOFError: the other end is closed, or has sent an invalid message.
        """
        ends_at = math.inf if timeout_s is None else time.monotonic() + timeout_s
        while True:
            left_s = None if timeout_s is None else max(0.0, ends_at - time.monotonic())
            line = self._line(left_s)
            if line is None:
                return None
            try:
                message = _message(kind, json.loads(line))
            except (ValueError, TypeError, RecursionError) as error:
                # It stays, so that no later line is taken for an answer.
                raise EOFError("the other end sent something that is not a message") from error
            del self._heard[: len(line)]
            if not isinstance(message, Record):
                return message
            message.handle()
            if timeout_s and time.monotonic() >= ends_at:
                return None  # many of them must not hold the caller up

    def finish(self) -> None:
        """Close for sending; messages from the other end are still read."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Close for sending and reading."""
        self._socket.close()

    def _line(self, timeout_s: float | None) -> bytes | None:
        """Return the next line, which stays, or None if the time is over."""
        ends_at = math.inf if timeout_s is None else time.monotonic() + timeout_s
        while (size := self._heard.find(b"\n") + 1) == 0:
            left_s = None if timeout_s is None else max(0.0, ends_at - time.monotonic())
            if not _is_readable(self._socket, left_s):
                return None
            try:
                heard = self._socket.recv(_CHUNK)
            except ConnectionError:
                heard = b""
            if not heard:
                raise EOFError
            self._heard += heard
        return bytes(self._heard[:size])


def _message(kind: type[M], fields: dict[str, object]) -> M | Record:
    """Return the message of these fields: of type `kind`, or a log record.

    Raises:
        TypeError: the fields fit neither.
    """
    if isinstance(record := dict(fields).get("record"), dict):
        return Record(cast("dict[str, object]", record))
    return kind(**fields)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def _is_readable(end: socket.socket, timeout_s: float | None) -> bool:
    # Not select(), which knows no descriptors from 1024 on.
    poller = select.poll()
    poller.register(end, select.POLLIN)
    return bool(poller.poll(None if timeout_s is None else math.ceil(timeout_s * 1000)))


class SharedProgress:
    """Shared memory: a child writes its progress there, and reads whether to stop.

    Args:
        descriptor: an open file of at least 32 bytes.
    """

    def __init__(self, descriptor: int) -> None:
        self._memory = mmap.mmap(descriptor, _SLOT_BYTES)
        self._doubles = memoryview(self._memory).cast("d")

    @property
    def percent(self) -> float | None:
        """The task's percentage; None until the child writes one."""
        percent = self._doubles[0]
        return None if math.isnan(percent) else percent

    @percent.setter
    def percent(self, percent: float | None) -> None:
        self._doubles[0] = math.nan if percent is None else percent

    @property
    def stop_requested(self) -> bool:
        """Whether the child is asked to stop."""
        return self._doubles[1] != 0

    @stop_requested.setter
    def stop_requested(self, asked: bool) -> None:
        self._doubles[1] = float(asked)

    @property
    def job(self) -> int:
        """The number of the child's job that the progress belongs to, from 1."""
        return int(self._doubles[2])

    @property
    def item(self) -> int | None:
        """The item that the child computes; None while it computes none."""
        item = self._doubles[3]
        return None if math.isnan(item) else int(item)

    @item.setter
    def item(self, number: int | None) -> None:
        self._doubles[3] = math.nan if number is None else number

    def begin_item(self, number: int) -> bool:
        """Note an item that the child computes; return False if the child is asked to stop.

        Both in one call: it is made between any two items.
        """
        doubles = self._doubles
        if doubles[1]:
            return False
        doubles[3] = number
        return True

    def begin(self) -> None:
        """Begin the next job."""
        self._doubles[2] += 1
        self.item = None
        self.percent = None
        self.stop_requested = False

    def close(self) -> None:
        """Release the memory."""
        self._doubles.release()
        self._memory.close()


def slot_file() -> IO[bytes]:
    """Return a file for a slot that no other process can find.

    Raises:
        OSError: the disk is full.
    """
    file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - the caller's to close
    try:
        # Not a hole: on a full disk a write to mapped memory behind it would kill this process.
        file.write(bytes(_SLOT_BYTES))
    except BaseException:
        file.close()
        raise
    return file
