"""How long a worker has known that no task waits."""

from __future__ import annotations

import pytest

from taskfarm_sdk._worker.vain import CLAIMS_WITHIN_S, Vain


class Told:
    """A clock that stands where it is told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Told:
    return Told()


@pytest.fixture
def vain(clock: Told) -> Vain:
    return Vain(clock)


def nothing() -> str | None:
    return None


def test_before_the_first_answer_no_time_is_idle(vain: Vain, clock: Told) -> None:
    def ask() -> None:
        clock.now = 30.0
        assert vain.idle_s(0.0) is None

    vain.first_try(ask)
    assert vain.idle_s(0.0) == 0.0


def test_idle_time_begins_with_the_answer_that_none_waits(vain: Vain, clock: Told) -> None:
    clock.now = 10.0
    vain.first_try(nothing)
    clock.now = 12.5
    assert vain.idle_s(0.0) == 2.5


def test_a_claim_that_waits_for_its_answer_stops_the_count(vain: Vain, clock: Told) -> None:
    def ask() -> None:
        clock.now = 60.0
        assert vain.idle_s(0.0) is None

    vain.first_try(nothing)
    vain.first_try(ask)


def test_an_answer_that_gives_a_task_begins_no_idle_time(vain: Vain, clock: Told) -> None:
    vain.first_try(nothing)
    assert vain.first_try(lambda: "task") == "task"
    clock.now = 60.0
    assert vain.idle_s(0.0) is None


def test_after_a_task_the_next_claim_is_waited_for_a_moment(vain: Vain, clock: Told) -> None:
    vain.first_try(nothing)
    clock.now = 20.0
    assert vain.idle_s(20.0) is None
    clock.now += CLAIMS_WITHIN_S
    assert vain.idle_s(20.0) == CLAIMS_WITHIN_S
