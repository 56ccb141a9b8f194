"""The turns of several runs: who is read, and how long nothing is sent then."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import pytest

from taskfarm_cli.manage import turns


class Asked(NamedTuple):
    """A run that was asked for at a time."""

    asked_at: float
    may_end_at: float | None = None


RUNS = [Asked(float(at)) for at in (5, 3, 9, 1)]


def test_what_was_read_longest_ago_comes_first() -> None:
    assert turns.next_of(RUNS, lambda _: True, 10.0) == Asked(1.0)


def test_those_without_a_line_have_fewer_turns_but_have_them() -> None:
    def shown(run: Asked) -> bool:
        return run.asked_at > 1

    assert turns.next_of(RUNS, shown, 10.0) == Asked(3.0)
    # It has waited for five times as long as the first of the others.
    assert turns.next_of([Asked(1.0), Asked(10.0)], shown, 11.9) == Asked(1.0)


def test_the_less_a_run_may_have_left_the_earlier_it_is_read() -> None:
    ends = [None, 1000.0, 50.0, 20.0]
    # All have waited alike, and a round takes 8 s.
    runs = [Asked(0.0, may_end_at) for may_end_at in ends]
    assert turns.next_of(runs, lambda _: True, 15.0) == Asked(0.0, 20.0)
    # What may end after its next turn waits for it, and what waited much longer comes first.
    assert turns.next_of([Asked(1.0, 1000.0), Asked(0.0)], lambda _: True, 15.0) == Asked(0.0)
    overdue = Asked(14.0, 3.0)
    assert turns.next_of([overdue, *[Asked(5.0)] * 9], lambda _: True, 15.0) == Asked(5.0)


def test_the_end_of_a_run_is_seen_soon_among_many_and_the_others_have_their_turns() -> None:
    number, ending = 20, 7
    asked_at = [0.0] * number
    reads: list[list[float]] = [[] for _ in range(number)]
    for turn in range(1, 400):
        now = turn * turns.TURN_S
        runs = [Asked(at, 500.0 if index == ending else None) for index, at in enumerate(asked_at)]
        index = runs.index(turns.next_of(runs, lambda _: True, now))
        asked_at[index] = now
        reads[index].append(now)
    seen_s = min(at for at in reads[ending] if at >= 500.0) - 500.0
    assert seen_s <= number * turns.TURN_S / 4
    others = [times for index, times in enumerate(reads) if index != ending]
    longest_s = max(b - a for times in others for a, b in pairwise(times))
    assert longest_s <= 1.5 * number * turns.TURN_S


@pytest.mark.parametrize(
    ("took_s", "more", "rest_s"),
    [
        pytest.param(0.0, {}, 2.0, id="every two seconds"),
        pytest.param(0.5, {}, 1.5, id="from the begin of a turn to the next"),
        pytest.param(1.0, {"answer_took_s": 1.0}, 19.0, id="a slow server"),
        pytest.param(30.0, {}, 0.0, id="a server that did not answer"),
        pytest.param(0.0, {"asked_for_s": 40.0}, 40.0, id="a server that asks for it"),
    ],
)
def test_the_rest_after_a_turn(took_s: float, more: dict[str, float], rest_s: float) -> None:
    assert turns.rest_s(took_s, **more) == rest_s
