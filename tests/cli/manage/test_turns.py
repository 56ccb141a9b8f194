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
    assert turns.next_of(RUNS, lambda _: True, 10.0) == Asked(1.0)


def test_those_without_a_line_have_fewer_turns_but_have_them() -> None:
    def shown(run: Asked) -> bool:
        return run.asked_at > 1

    assert turns.next_of(RUNS, shown, 10.0) == Asked(3.0)
    # It has waited for five times as long as the first of the others.
    assert turns.next_of([Asked(1.0), Asked(10.0)], shown, 11.9) == Asked(1.0)


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
