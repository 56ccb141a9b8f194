"""The turns of several runs: who is read, and how long nothing is sent then."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from taskfarm_cli.manage import turns


class Asked(NamedTuple):
    """A run that was asked for at a time."""

    asked_at: float


RUNS = [Asked(float(at)) for at in (5, 3, 9, 1)]


def test_what_was_read_longest_ago_comes_first() -> None:
    assert turns.of_round(RUNS, lambda _: True, is_away=False) == sorted(RUNS)


def test_while_the_server_is_away_one_is_asked_for() -> None:
    assert turns.of_round(RUNS, lambda _: True, is_away=True) == [Asked(1.0)]


def test_of_those_without_a_line_a_few_have_their_turn() -> None:
    runs = [Asked(float(at)) for at in range(100)]
    due = turns.of_round(runs, lambda run: run.asked_at >= 98, is_away=False)
    assert due == [*runs[: turns.HIDDEN_PER_ROUND], *runs[98:]]


@pytest.mark.parametrize(
    ("requests", "took_s", "more", "rest_s"),
    [
        pytest.param(1, 0.0, {}, 2.0, id="one run: every two seconds"),
        pytest.param(10, 0.5, {}, 1.5, id="from the begin of a round to the next"),
        pytest.param(50, 1.0, {}, 9.0, id="five requests a second"),
        pytest.param(1, 1.0, {"answers_took_s": 1.0}, 19.0, id="a slow server"),
        pytest.param(1, 30.0, {}, 0.0, id="a server that did not answer"),
        pytest.param(1, 0.0, {"asked_for_s": 40.0}, 40.0, id="a server that asks for it"),
    ],
)
def test_the_rest_after_a_round(
    requests: int, took_s: float, more: dict[str, float], rest_s: float
) -> None:
    assert turns.rest_s(requests, took_s, **more) == max(rest_s, 0.0)
