"""Grids and combinations of words: computed, and never written out."""

from __future__ import annotations

import json
import tracemalloc

import pytest

from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.work.sources.inputs import Inputs
from taskfarm_cli.work.sources.limits import LONGEST
from taskfarm_cli.work.sources.load import Asked, load
from tests.support.hostile_values import HOSTILE


def grid(*definitions: str) -> Inputs:
    inputs = load(Asked(None, nul=False, csv=None, grid=definitions, glob=(), values=()))
    assert inputs is not None
    return inputs


def combined(*groups: tuple[str, ...]) -> Inputs:
    inputs = load(Asked(None, nul=False, csv=None, grid=(), glob=(), values=groups))
    assert inputs is not None
    return inputs


def test_the_first_name_of_a_grid_varies_slowest() -> None:
    inputs = grid("lr=0.1,0.010", "seed=0:3")
    assert (len(inputs), inputs.columns.names) == (6, ("lr", "seed"))
    assert inputs.columns.is_strict
    assert inputs.at(2).values == {"lr": "0.1", "seed": "2"}
    assert inputs.at(3).values == {"lr": "0.010", "seed": "0"}, "a value stays as it was written"
    assert json.loads(inputs.at(3).text) == inputs.at(3).values


def test_a_large_grid_takes_no_more_memory_than_a_small_one() -> None:
    tracemalloc.start()
    try:
        inputs = grid("a=0:1000", "b=0:1000", "c=0:1000")
        inputs.digest()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert inputs.at(10**9 - 1).values == {"a": "999", "b": "999", "c": "999"}
    assert peak < 100_000


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        ("lr", "NAME=VALUES"),
        ("lr=", "a value is empty"),
        ("a b=1", "such as a_b"),
        ("x=3:3", "the range is empty"),
        ("x=1,a\0b", "NUL"),
        ("x=" + "1" * LONGEST, "can receive"),
    ],
)
def test_what_is_no_grid_is_refused(definition: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        grid(definition)


def test_values_that_are_too_long_together_are_refused() -> None:
    with pytest.raises(UsageError, match="the longest of the inputs has"):
        grid("x=" + "1" * (LONGEST // 2), "y=" + "1" * (LONGEST // 2))
    with pytest.raises(UsageError, match="the longest of the inputs has"):
        combined(("1" * (LONGEST // 2),), ("2", "1" * (LONGEST // 2)))


def test_one_group_of_words_is_a_list_of_inputs() -> None:
    inputs = combined(HOSTILE)
    assert tuple(inputs.at(number).text for number in range(len(inputs))) == HOSTILE
    assert inputs.at(0).values == {"1": HOSTILE[0]}
    assert not inputs.columns.is_strict


def test_groups_of_words_are_combined_as_gnu_parallel_does() -> None:
    inputs = combined(("A", "B"), ("C", "D", "E"))
    assert [inputs.at(n).text for n in range(6)] == ["A C", "A D", "A E", "B C", "B D", "B E"]
    assert inputs.at(3).values == {"1": "B", "2": "C"}


@pytest.mark.parametrize(
    ("groups", "said"), [([()], "follow :::: is a"), ([("a",), ()], "follow ::: number 2: is a")]
)
def test_a_group_without_words_is_refused(groups: list[tuple[str, ...]], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        combined(*groups)


def test_the_digest_tells_one_grid_from_another() -> None:
    assert grid("a=0:3").digest() == grid("a=0:3").digest()
    others = [grid("a=0:3"), grid("a=0:4"), grid("b=0:3"), grid("a=0:1", "b=0:3")]
    assert len({inputs.digest() for inputs in others}) == 4
    assert combined(("a", "b")).digest() != combined(("a",), ("b",)).digest()
