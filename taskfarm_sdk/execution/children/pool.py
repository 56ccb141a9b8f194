"""Child processes that compute, one for each slot: another is started when one is lost."""

from __future__ import annotations

import errno
import math
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from typing import TypeVar

import attrs

from taskfarm_sdk._logging import log
from taskfarm_sdk._processes.exit_status import (
    TOLD_WITHIN_S,
    how_it_ended,
    may_be_asked,
    why_it_ended,
)
from taskfarm_sdk._processes.groups import Group, plain_environment
from taskfarm_sdk._processes.threads import with_threads
from taskfarm_sdk.errors import TaskfarmError
from taskfarm_sdk.execution.children import payload
from taskfarm_sdk.execution.children.channel import (
    Answer,
    Channel,
    Job,
    SharedProgress,
    Taken,
    slot_file,
)
from taskfarm_sdk.execution.children.script import Packed
from taskfarm_sdk.execution.outcome import Completed, Failed, Outcome, Released
from taskfarm_sdk.hidden import Hidden
from taskfarm_sdk.task import Task, handle_of

# How often the parent checks a child's progress, and whether it lives.
LOOK_EVERY_S = 0.1
# How long a child that is interrupted may clean up.
END_WITHIN_S = 0.5
# How long a child may take for its threads and exit handlers when no task is left.
EXIT_WITHIN_S = 5.0
SAID_MOST_BYTES = 2000
# How many children in a row may be killed as they load the function: the system may lack memory for
# a moment, and a library that crashes does so each time.
STARTS_MOST = 3
# For how long and how often to try to start one while this machine lacks what it needs.
STARTS_WITHIN_S = 5.0
START_EVERY_S = 0.2
_SHORTAGES = frozenset({errno.EAGAIN, errno.EMFILE, errno.ENFILE, errno.ENOMEM})

M = TypeVar("M", bound="Job | Taken | Answer")
OnLostItem = Callable[[Task, int, str], None]


class Child:
    """A child process, the channel to it and the memory shared with it.

    Args:
        packed: the descriptor of its payload.
        environment: its environment.
    """

    def __init__(self, packed: int, environment: Hidden[Mapping[str, str]]) -> None:
        with ExitStack() as undo:
            ours, theirs = socket.socketpair()
            self.channel: Channel = Channel(ours)
            undo.callback(self.channel.close)
            self._said = undo.enter_context(tempfile.TemporaryFile(buffering=0))
            with ExitStack() as theirs_alone:
                theirs_alone.callback(theirs.close)
                file = theirs_alone.enter_context(slot_file())
                stderr = os.dup(2)
                theirs_alone.callback(os.close, stderr)
                self.slot: SharedProgress = SharedProgress(file.fileno())
                undo.callback(self.slot.close)
                given = (theirs.fileno(), file.fileno(), packed, stderr)
                self.group: Group = Group(
                    # -P: the current folder must not shadow modules.
                    [
                        sys.executable,
                        "-P",
                        "-m",
                        "taskfarm_sdk.execution.children.child",
                        *map(str, given),
                    ],
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stderr=self._said,
                    pass_fds=given,
                )
            self._undo = undo.pop_all()

    def receive(self, kind: type[M], timeout_s: float) -> M | None:
        """Return its message; None if the time is over or it has ended."""
        try:
            return self.channel.receive(kind, timeout_s)
        except EOFError:
            # Without a channel it is useless, if it lives at all. Its own exit status says more
            # than that of a kill.
            self.group.wait(END_WITHIN_S)
            self.group.kill()
            return None

    def wait_for_exit(self, timeout_s: float) -> bool:
        """Handle its log records until it ends or the time is over; return whether it ended."""
        ends_at = time.monotonic() + timeout_s
        with suppress(EOFError):
            while (left_s := ends_at - time.monotonic()) > 0 and self.group.poll() is None:
                # Only log records are expected; other messages are ignored.
                self.channel.receive(Answer, min(left_s, LOOK_EVERY_S))
        if self.group.wait(max(0.0, ends_at - time.monotonic())) is None:
            return False
        with suppress(EOFError):
            self.channel.receive(Answer, 0)
        return True

    def said(self) -> str:
        """Return the end of its stderr from before it loaded the function."""
        size = os.fstat(self._said.fileno()).st_size
        start = max(0, size - SAID_MOST_BYTES)
        return os.pread(self._said.fileno(), SAID_MOST_BYTES, start).decode(errors="replace")

    def close(self) -> int:
        """Kill the rest of its group; return its exit status."""
        status = self.group.kill()
        self._undo.close()
        return status


@attrs.frozen
class _Lost:
    """The end of a child that had a task.

    Attributes:
        reason: how it ended.
        item: the item that it computed; None outside of an item.
        asked_to_end: whether a signal that asks to end was the reason.
    """

    reason: str
    item: int | None
    asked_to_end: bool
    how: str = "fail"


def _failed(answer: Answer | _Lost) -> Failed:
    if isinstance(answer, _Lost):
        return Failed(answer.reason)
    caught = answer.caught
    reason = answer.reason or (caught.explained if caught is not None else "")
    return Failed(
        reason, answer.final, answer.exit_status, caught, answer.advanced, answer.failed_items
    )


class Pool:
    """The children of one `Run.work`, for a `Dispatcher`.

    Args:
        packed: the function that they call.
        size: how many there will be.
        threads: how many threads the libraries in each may use; None for its share of the CPUs.
        on_lost_item: called with a task, the item that its child died of, and how; then another
            child goes on with the rest of the task. None where a child's end fails its task.
    """

    def __init__(
        self,
        packed: Packed,
        size: int,
        threads: int | None = None,
        on_lost_item: OnLostItem | None = None,
    ) -> None:
        self._on_lost_item = on_lost_item
        self._payload = payload.pack(packed)
        self._threads = threads
        self.share_cpus(size)
        self._children: dict[int, Child] = {}
        self._ending = threading.Event()
        self._at_once = threading.Event()

    def start(self) -> None:
        """Start the first child, so that errors that all would meet show before any claim."""
        self._child(0)

    def share_cpus(self, size: int) -> None:
        """Have the libraries in children that are started later share the CPUs with so many."""
        self._environment = with_threads(plain_environment(), size, self._threads)

    def end_child(self, slot: int) -> None:
        """End the child of a slot that computes nothing for now; the next task starts another."""
        child = self._children.pop(slot, None)
        if child is None:
            return
        child.channel.finish()
        try:
            child.wait_for_exit(EXIT_WITHIN_S)
        finally:
            child.close()

    def perform(self, task: Task, slot: int) -> Outcome:
        """Have a task computed by the slot's child, and return how it is to be settled.

        Raises:
            TaskfarmError: no child can compute here.
        """
        lost: list[int] = []
        while True:
            child = self._child(slot)
            answer = None if child is None else self._outcome(child, task, slot, tuple(lost))
            if answer is None or answer.how == "release":
                return Released()
            if answer.how == "complete":
                return Completed()
            if answer.asked_to_end and self._ends_soon(task):
                return Released()
            if isinstance(answer, _Lost) and answer.item is not None and self._on_lost_item:
                self._on_lost_item(task, answer.item, answer.reason)
                lost.append(answer.item)
                continue
            return _failed(answer)

    def interrupt(self, _: BaseException) -> None:
        """End all children, after a moment to clean up; at once if called again."""
        if self._ending.is_set():
            self._at_once.set()
        self._ending.set()

    def close(self) -> None:
        """End the children, which have no more tasks, within a fixed time."""
        children = list(self._children.values())
        for child in children:
            child.channel.finish()
        within_s = END_WITHIN_S if self._ending.is_set() else EXIT_WITHIN_S
        ends_at = time.monotonic() + within_s
        try:
            for child in children:
                if not child.wait_for_exit(max(0.0, ends_at - time.monotonic())):
                    log.warning(
                        "child process %d had not ended %g s after its last task, and was killed",
                        child.group.pid,
                        within_s,
                    )
        finally:
            for child in children:
                child.close()
            self._payload.close()

    def _child(self, slot: int) -> Child | None:
        """Return a slot's child, once it has loaded the function; None if all are to end."""
        child = self._children.get(slot)
        if child is not None:
            return child
        for left in reversed(range(STARTS_MOST)):
            child = self._started(slot)
            if child is None:
                return None
            taken = self._answer(child, Taken)
            if isinstance(taken, Taken) and taken.fault is None:
                return child
            said = child.said().strip()
            status = self._lose(slot)
            if self._ending.is_set():
                return None
            if isinstance(taken, Taken):
                raise TaskfarmError(
                    f"the function cannot be used in a child process: {taken.fault}; what it needs "
                    f"must be importable there too. The child said:\n{said}"
                )
            if status >= 0 or not left:
                raise TaskfarmError(
                    f"a child process ended ({how_it_ended(status)}) before it loaded the "
                    f"function, so no other is started. It said:\n{said or 'nothing'}"
                )
            log.warning(
                "a child process ended (%s) before it loaded the function; another is started",
                how_it_ended(status),
            )
        raise AssertionError  # the last one is returned, or its error is raised

    def _started(self, slot: int) -> Child | None:
        """Start a child for a slot; None if all are to end."""
        give_up_at = time.monotonic() + STARTS_WITHIN_S
        while True:
            try:
                child = self._children[slot] = Child(self._payload.fileno(), self._environment)
            except OSError as error:
                if error.errno not in _SHORTAGES or time.monotonic() >= give_up_at:
                    raise TaskfarmError(f"a child process cannot be started: {error}") from error
                if self._ending.wait(START_EVERY_S):
                    return None
            else:
                return child

    def _outcome(
        self, child: Child, task: Task, slot: int, lost: tuple[int, ...]
    ) -> Answer | _Lost | None:
        """Return the outcome of a task; None if the child had to end before."""
        child.slot.begin()
        job = Job(
            task.number,
            task.percent_completed,
            task.attempts,
            task.run_uuid,
            task.started_at.isoformat(),
            handle_of(task).is_new,
            lost,
        )
        with suppress(OSError):  # it ended while it was idle, as the next check shows
            child.channel.send(job)
        answer = self._answer(child, Answer, _Sampler(child.slot, task))
        if answer is not None:
            return answer
        item = child.slot.item
        status = self._lose(slot)
        if self._ending.is_set():
            return None
        reason = f"its child process ended: {why_it_ended(status)}"
        return _Lost(reason, item, may_be_asked(status))

    def _answer(
        self, child: Child, kind: type[M], look: Callable[[], None] = lambda: None
    ) -> M | None:
        """Return a child's message; None once it has ended, or is told to end."""
        kill_at = math.inf
        while True:
            answer = child.receive(kind, LOOK_EVERY_S)
            look()
            if answer is not None:
                return answer
            if child.group.poll() is not None:
                # It may have answered just before its end.
                return child.receive(kind, 0)
            if self._ending.is_set() and kill_at == math.inf:
                kill_at = time.monotonic() + END_WITHIN_S
                child.group.signal(signal.SIGINT)
            if self._at_once.is_set() or time.monotonic() >= kill_at:
                child.group.kill()

    def _lose(self, slot: int) -> int:
        return self._children.pop(slot).close()

    def _ends_soon(self, task: Task) -> bool:
        return task.stop_requested or self._ending.wait(TOLD_WITHIN_S)


class _Sampler:
    """Carries a child's progress to its task, and the request to stop to the child."""

    def __init__(self, slot: SharedProgress, task: Task) -> None:
        self._slot = slot
        self._task = task
        self._seen: float | None = None

    def __call__(self) -> None:
        self._slot.stop_requested = self._task.stop_requested
        percent = self._slot.percent
        if percent is not None and percent != self._seen:
            self._seen = percent
            self._task.update(percent)
