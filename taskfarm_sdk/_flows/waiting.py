"""Flows that poll a run until it is finished."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar

import attrs

from taskfarm_sdk import _failures, _validation
from taskfarm_sdk._flows.runs import ask_for_run
from taskfarm_sdk._flows.tasks import failed_numbers
from taskfarm_sdk._models import RunStatus, counted
from taskfarm_sdk._protocol import operations
from taskfarm_sdk._sansio.steps import Call, Flow, Item, Stream, sleep
from taskfarm_sdk._session.session import Session
from taskfarm_sdk.errors import ConnectionFailed, ServerError, TasksFailed, WaitTimeout

R = TypeVar("R")

# The server has no index on a task's run, so counting is slow if there are large runs: a poll
# spends at most one twentieth of its time in requests.
REST_PER_REQUEST = 19
LEAST_TIMEOUT_S = 1.0


def watch(farm: Session, uuid: str, poll_s: float, timeout_s: float | None) -> Stream[RunStatus]:
    """Yield the status of a run repeatedly, until the run is finished.

    Only the first request gives up; later ones wait through an outage of any length.
    """
    poll = _poll(farm, uuid, poll_s, timeout_s)
    now = yield from poll.status()
    yield Item(now)
    while not now.finished:
        yield from poll.rest()
        now = yield from poll.status()
        yield Item(now)


def wait(
    farm: Session, uuid: str, poll_s: float, timeout_s: float | None, *, check: bool
) -> Flow[RunStatus]:
    """Wait until a run is finished, and count failed tasks if the run's counts cannot tell.

    It polls one count only, which costs the server less than all four.
    """
    poll = _poll(farm, uuid, poll_s, timeout_s)
    _validation.flag("check", check)
    status = yield from poll.status()
    while not status.finished:
        yield from poll.rest()
        if (yield from poll.done()) >= status.num_tasks:
            status = yield from poll.status()
    if status.failed == 0 or (status.failed is not None and not check):
        return status
    numbers = yield from failed_numbers(farm, uuid, status)
    status = attrs.evolve(status, failed=len(numbers))
    if check and numbers:
        seen = farm.shared.failures.of(uuid, numbers)
        raise TasksFailed(
            f"{len(numbers)} of {counted(status.num_tasks, 'task')} of run {uuid} failed: "
            f"{shorten(numbers)}; run.reset_failed() sets them waiting again"
            f"{_failures.newest(seen)}",
            run=uuid,
            tasks=numbers,
            run_status=status,
            failures=_failures.records(seen),
        ) from _failures.cause(seen)
    return status


def shorten(numbers: tuple[int, ...], most: int = 10) -> str:
    """Return task numbers as text, at most `most` of them."""
    first = ", ".join(str(number) for number in numbers[:most])
    return first if len(numbers) <= most else f"{first} and {len(numbers) - most} more"


def _poll(farm: Session, uuid: str, poll_s: float, timeout_s: float | None) -> _Poll:
    patience_s = math.inf
    if timeout_s is not None:
        patience_s = _validation.seconds("timeout_s", timeout_s, zero=True)
    return _Poll(farm, uuid, _validation.seconds("poll_s", poll_s), patience_s)


@attrs.define
class _Poll:
    """Poll a run, with pauses between the requests.

    Attributes:
        farm: the session.
        uuid: the run's uuid.
        poll_s: the shortest pause between two requests, in seconds.
        patience_s: the time limit of the whole poll, in seconds; may be infinite.
    """

    farm: Session
    uuid: str
    poll_s: float
    patience_s: float
    _deadline: float = attrs.field(init=False)
    _rest_s: float = attrs.field(init=False, default=0.0)
    _asked_at: float = attrs.field(init=False, default=0.0)
    _took_s: float = attrs.field(init=False, default=0.0)
    _last: RunStatus | None = attrs.field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        self._deadline = self.farm.clock.now() + self.patience_s

    def status(self) -> Flow[RunStatus]:
        status = self._last = yield from self._ask(operations.run_status(self.uuid))
        return status

    def done(self) -> Flow[int]:
        return (yield from self._ask(operations.count(self.uuid, "numDone")))

    def rest(self) -> Flow[None]:
        left_s = self._deadline - self.farm.clock.now()
        if left_s <= 0:
            raise self._time_is_up()
        yield from sleep(min(self._rest_s, left_s))

    def _ask(self, call: Call[R]) -> Flow[R]:
        farm = self.farm
        # After the first answer an outage is waited through, up to the time limit.
        until = self._deadline if self._last else min(farm.deadline(), self._deadline)
        try:
            answer = yield from ask_for_run(farm, self.uuid, self._timed(call), until=until)
        except (ConnectionFailed, ServerError) as error:
            if self._last is None or farm.clock.now() < self._deadline:
                raise
            raise self._time_is_up() from error
        # Without the time of an outage before it. The shorter of two durations, because one slow
        # reply, as from a server that has just started, means nothing.
        before_s, self._took_s = self._took_s, farm.clock.now() - self._asked_at
        self._rest_s = max(self.poll_s, REST_PER_REQUEST * min(before_s, self._took_s))
        return answer

    def _timed(self, call: Call[R]) -> Callable[[], Call[R]]:
        def attempt() -> Call[R]:
            self._asked_at = self.farm.clock.now()
            if self._last is None:
                return call
            left_s = max(LEAST_TIMEOUT_S, self._deadline - self._asked_at)
            return call._replace(timeout_s=min(self.farm.timeout_s, left_s))

        return attempt

    def _time_is_up(self) -> WaitTimeout:
        last = self._last
        if last:
            done = f"{last.done} of {counted(last.num_tasks, 'task')} done"
            stood = f"{done}; the run continues: wait again"
        else:
            stood = "the server did not answer"
        return WaitTimeout(
            f"run {self.uuid} is not finished after {self.patience_s:g} s: {stood}",
            run=self.uuid,
            run_status=last,
        )
