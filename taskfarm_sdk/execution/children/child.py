"""The child process of `Run.work`: calls the function with the tasks that its parent sends.

It never talks to the server. Its descriptors are named on the command line: the channel to its
parent, the memory that they share, the payload (`payload`), and where stderr goes once the payload
is loaded; until then the parent keeps what the child writes there.
"""

from __future__ import annotations

import datetime
import os
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import cast

import attrs

from taskfarm_sdk._caught import Caught, describe
from taskfarm_sdk._processes.exit_status import TOLD_WITHIN_S
from taskfarm_sdk._processes.forks import at_forks, close_in_children
from taskfarm_sdk._processes.signals import ALL_ASKING, ASKING
from taskfarm_sdk.execution.children.channel import (
    Answer,
    Channel,
    Job,
    SharedProgress,
    Taken,
    failed,
)
from taskfarm_sdk.execution.children.copies import EndCopies, flush
from taskfarm_sdk.execution.children.log_records import Record
from taskfarm_sdk.execution.children.payload import read
from taskfarm_sdk.execution.children.script import become, unpack
from taskfarm_sdk.execution.function import Function, caught_in, explained, never_run
from taskfarm_sdk.task import Task

INTERRUPTED = 130
SAID_MOST_BYTES = 65536
# How often a child that may have to end looks whether its parent says so.
LOOK_EVERY_S = 0.02


class ChildHandle:
    """A child's side of a `Task`: it sends calls to the parent, which settles the task.

    Args:
        job: the task.
        slot: the memory shared with the parent.
        asked_to_end: returns whether a signal that asks to end has come since the task began.
        interrupted: returns whether the parent has interrupted it.

    Attributes:
        number: the task's number.
        run_uuid: the run's.
        attempts: how many attempts were counted before this one.
        percent: the task's percentage.
        started_at: when its turn came.
        is_new: whether surely nobody had it before.
        lost_items: the items whose child died while it computed them, in this attempt.
        begin_item: notes which item is computed, for the parent, if this child dies of it; returns
            whether it may be.
        outcome: how the parent is to settle it; None while it is open.
    """

    def __init__(
        self,
        job: Job,
        slot: SharedProgress,
        asked_to_end: Callable[[], bool] = lambda: False,
        interrupted: Callable[[], bool] = lambda: False,
    ) -> None:
        self.number: int = job.number
        self.run_uuid: str = job.run_uuid
        self.attempts: int = job.attempts
        self.percent: float = job.percent
        self.started_at: datetime.datetime = datetime.datetime.fromisoformat(job.started_at)
        self.is_new: bool = job.is_new
        self.lost_items: tuple[int, ...] = job.lost_items
        self.begin_item: Callable[[int], bool] = slot.begin_item
        self._slot = slot
        self._job = slot.job
        self._asked_to_end = asked_to_end
        self._interrupted = interrupted
        self.outcome: Answer | None = None

    @property
    def stop_requested(self) -> bool:
        """Whether the parent's worker is to stop."""
        return self._slot.stop_requested

    @property
    def settled(self) -> str | None:
        """How the parent is to settle the task once the function returns."""
        return None if self.outcome is None else self.outcome.how

    def end_items(self) -> None:
        """Note that no item is computed any more."""
        self._slot.item = None

    @property
    def interrupted(self) -> bool:
        """Whether the parent has interrupted it."""
        return self._interrupted()

    def ends_soon(self) -> bool:
        """Return whether a signal came that the parent got too, which then ends the work."""
        ends_at = time.monotonic() + TOLD_WITHIN_S
        while self._asked_to_end() and time.monotonic() < ends_at:
            if self.stop_requested:
                return True
            time.sleep(LOOK_EVERY_S)
        return False

    def report(self, percent: float) -> None:
        """Write the percentage to the shared memory."""
        self.percent = percent
        # A thread or a copy of the process may go on with a task after the next one has begun.
        if self._slot.job == self._job:
            self._slot.percent = percent

    def keep(self, percent: float) -> None:
        """Write the percentage to the shared memory, where the parent finds it as a report."""
        self.report(percent)

    def complete(self) -> None:
        """Have it completed when the function returns."""
        self.outcome = Answer("complete")

    def release(self) -> None:
        """Have it given back, uncounted, when the function returns."""
        self.outcome = Answer("release")

    def fail(
        self,
        reason: str,
        *,
        final: bool = False,
        exit_status: int | None = None,
        caught: Caught | None = None,
        advanced: bool = False,
        failed_items: Sequence[int] = (),
    ) -> None:
        """Have a failed attempt counted when the function returns."""
        if caught is None:
            self.outcome = Answer(
                "fail", reason, final, exit_status, advanced, failed_items=failed_items
            )
        else:
            self.outcome = failed(caught, reason, advanced=advanced, failed_items=failed_items)

    def leave(self, error: BaseException | None) -> None:
        """Have it completed, unless an error goes on to the function's caller."""
        if error is None:
            self.complete()


class _Signals:
    """Signals that ask this process to end: the parent gets them too, decides, and sends SIGINT.

    Attributes:
        asked_to_end: a signal came since the last task.
        interrupted: the parent's SIGINT came.
    """

    def __init__(self) -> None:
        self.asked_to_end = False
        self.interrupted = False
        self._pid = os.getpid()
        self._is_held = self._came_meanwhile = False
        self._mask = threading.local()

    def handle(self) -> None:
        # Programs that the function starts inherit ignored signals, but no handlers.
        for number in ALL_ASKING:
            if number in ASKING or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._come)
        # Python would forget a signal that reaches a copy before it is ready.
        at_forks(
            self,
            before=lambda signals: signals.block(),
            in_parent=lambda signals: signals.unblock(),
            in_child=lambda signals: signals.leave_to_copy(),
        )

    def block(self) -> None:
        """Block signals during a fork."""
        self._mask.before = signal.pthread_sigmask(signal.SIG_BLOCK, ALL_ASKING)

    def unblock(self) -> None:
        """Unblock signals after a fork."""
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask.before)

    def leave_to_copy(self) -> None:
        """Have a copy of this process end by signals as it would without the SDK.

        Python calls handlers between its own steps, so never in a copy that waits for a lock, as
        the processes of a multiprocessing.Pool do.
        """
        for number in ALL_ASKING:
            if signal.getsignal(number) == self._come:
                signal.signal(number, signal.SIG_DFL)
        self.unblock()

    def _come(self, number: int, _: FrameType | None) -> None:
        if os.getpid() != self._pid:
            # A process that the function forked ends as it would without the SDK.
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        elif number == signal.SIGINT:
            self.interrupted = True
            if not self._is_held:
                raise KeyboardInterrupt
            self._came_meanwhile = True
        else:
            self.asked_to_end = True

    @contextmanager
    def held(self) -> Generator[None]:
        """Raise KeyboardInterrupt only after the block, so never amid a message."""
        if self._is_held or threading.current_thread() is not threading.main_thread():
            yield
            return
        self._is_held = True
        try:
            yield
        finally:
            self._is_held = False
        if self._came_meanwhile:
            self._came_meanwhile = False
            raise KeyboardInterrupt


def main(channel: int, slot: int, payload: int, stderr: int) -> None:
    """Take the function, then tasks, until the parent closes the channel."""
    signals = _Signals()
    signals.handle()
    # Programs that the function starts must not keep them open.
    for descriptor in (channel, slot, payload, stderr):
        os.set_inheritable(descriptor, False)
    end = socket.socket(fileno=channel)
    # A copy of this process never answers, so the parent sees that this one has ended.
    close_in_children(end)
    parent = Channel(end)

    def send(record: Record) -> None:
        with signals.held():
            parent.send(record)

    function = _taken(parent, payload, send)
    if function is not None:
        _speak_up(stderr)
        parent.send(Taken())
        _serve(parent, SharedProgress(slot), function, signals)


def _taken(parent: Channel, payload: int, send: Callable[[Record], None]) -> Function | None:
    taken = read(payload)
    os.close(payload)
    sys.path[:] = taken.path
    become(taken.script, taken.extras)
    taken.log_setup.copy(send)
    try:
        return cast("Function", unpack(taken.function))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - of whatever the function's modules raise
        with suppress(Exception):
            traceback.print_exc()
        parent.send(Taken(describe(error)))
        return None


def _speak_up(stderr: int) -> None:
    """Send to stderr the output until now, and all that follows."""
    said = os.pread(2, SAID_MOST_BYTES, 0)
    os.dup2(stderr, 2)
    os.close(stderr)
    if said:
        os.write(2, said)


def _serve(parent: Channel, slot: SharedProgress, function: Function, signals: _Signals) -> None:
    while True:
        try:
            job = parent.receive(Job)
        except EOFError:
            return
        assert job is not None
        signals.asked_to_end = False
        task = ChildHandle(job, slot, lambda: signals.asked_to_end, lambda: signals.interrupted)
        outcome = task.outcome = _computed(function, task, signals)
        flush()
        parent.send(outcome)


def _computed(function: Function, task: ChildHandle, signals: _Signals) -> Answer:
    failure: BaseException | None
    try:
        with EndCopies():
            failure = never_run(function(Task(task)))
    except BaseException as error:  # noqa: BLE001 - whatever it is, it failed
        failure = error
    if signals.interrupted and task.settled is None:
        # Whatever the function did with the interruption: half a task is neither done nor failed.
        raise KeyboardInterrupt
    if failure is None:
        return _as_settled(task.outcome or Answer("complete"), signals)
    if task.outcome is None:
        return failed(caught_in(failure, travels=True), asked_to_end=signals.asked_to_end)
    _say(f"after task {task.number} was settled: {explained(failure)}")
    return task.outcome


def _as_settled(outcome: Answer, signals: _Signals) -> Answer:
    """Return how the function settled its task, and whether a signal may have failed it."""
    if outcome.how != "fail" or outcome.final:
        return outcome
    return attrs.evolve(outcome, asked_to_end=signals.asked_to_end)


def _say(text: str) -> None:
    # Users close and replace it at will.
    with suppress(AttributeError, OSError, ValueError):
        print(text, file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    try:
        main(*map(int, sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
