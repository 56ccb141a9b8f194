"""Several requests at a time: each is sent once, and the first error ends them."""

from __future__ import annotations

import threading

import pytest

from taskfarm_cli.common.at_once import AT_ONCE, for_each


def test_each_thing_is_asked_for_once() -> None:
    kept: list[int] = []
    for_each(lambda number: 2 * number, range(100), kept.append)
    assert sorted(kept) == list(range(0, 200, 2))


def test_nothing_is_asked_for_where_there_is_nothing() -> None:
    for_each(pytest.fail, [], pytest.fail)


def test_so_many_are_asked_for_at_a_time_as_is_said() -> None:
    all_there = threading.Barrier(AT_ONCE)
    for_each(lambda _: all_there.wait(), range(2 * AT_ONCE), lambda _: None)


def test_an_error_is_raised_and_ends_the_asking() -> None:
    asked: list[int] = []

    def ask(number: int) -> None:
        asked.append(number)
        raise ValueError(str(number))

    with pytest.raises(ValueError, match=r"\d"):
        for_each(ask, range(1000), lambda _: None)
    assert len(asked) <= AT_ONCE
