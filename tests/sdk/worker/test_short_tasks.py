"""The rule of prefetching, by a clock of the test's."""

from __future__ import annotations

from taskfarm_sdk._worker.short_tasks import ShortTasks


class Time:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_nothing_is_claimed_ahead_before_a_task_was_short() -> None:
    time = Time()
    tasks = ShortTasks(2.0, time)
    assert not tasks.may_claim_ahead
    tasks.begin()
    assert not tasks.may_claim_ahead
    time.now += 1.9
    tasks.end()
    assert tasks.may_claim_ahead


def test_a_long_task_ends_claiming_ahead_until_one_is_short_again() -> None:
    time = Time()
    tasks = ShortTasks(2.0, time)
    for took_s, is_short in ((1.0, True), (2.0, False), (0.0, True)):
        tasks.begin()
        time.now += took_s
        tasks.end()
        assert tasks.may_claim_ahead is is_short


def test_it_tells_when_a_task_will_be_long() -> None:
    time = Time()
    tasks = ShortTasks(2.0, time)
    assert tasks.long_in_s() is None
    assert not tasks.computing
    tasks.begin()
    assert tasks.long_in_s() == 2.0
    time.now += 2.5
    assert tasks.is_long
    assert tasks.computing
    assert tasks.long_in_s() == -0.5


def test_an_end_without_a_begin_changes_nothing() -> None:
    tasks = ShortTasks(2.0, Time())
    tasks.begin()
    tasks.end()
    tasks.end()
    assert tasks.may_claim_ahead
