"""Grids: which points they have, that they are computed, and how the command line names them."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskfarm_sdk import ConfigurationError, Items
from taskfarm_sdk._items.grids import Axis, Grid, parsed


class Array:
    """Has a list of plain numbers, as arrays have, and is iterated as numbers of its own."""

    def __iter__(self) -> Any:
        return iter([complex(1), complex(2)])

    def tolist(self) -> list[float]:
        return [1.0, 2.0]


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(), min_size=1, max_size=4), min_size=1, max_size=4))
def test_the_points_are_the_product_and_the_first_name_varies_slowest(
    values: list[list[int]],
) -> None:
    names = [f"x{place}" for place in range(len(values))]
    expected = [dict(zip(names, point, strict=True)) for point in itertools.product(*values)]
    grid = Grid(Axis(name, listed) for name, listed in zip(names, values, strict=True))
    assert list(grid) == expected
    assert [grid.at(number) for number in range(len(grid))] == expected
    assert [list(point) for point in grid] == [names] * len(expected)


def test_a_large_grid_is_no_more_than_its_definition() -> None:
    grid = Items.grid(a=range(10**6), b=range(10**6))
    assert len(grid) == 10**12
    assert grid[10**12 - 1] == {"a": 10**6 - 1, "b": 10**6 - 1}
    assert grid[-1] == grid[10**12 - 1]
    assert grid.digest() != Items.grid(a=range(10**6), b=range(10**6 - 1)).digest()
    assert Items.grid(x=range(0, 7, 2)).digest() == Items.grid(x=range(0, 8, 2)).digest()
    assert next(iter(grid)) == {"a": 0, "b": 0}


def test_arrays_give_plain_numbers() -> None:
    points = list(Items.grid(x=Array()))
    assert [type(point["x"]) for point in points] == [float, float]


def test_a_generator_is_read_once() -> None:
    grid = Items.grid(x=(number**2 for number in range(3)))
    assert list(grid) == list(grid) == [{"x": 0}, {"x": 1}, {"x": 4}]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        pytest.param({}, "at least one name", id="nothing"),
        pytest.param({"x": []}, "x of a grid has no values", id="an empty list"),
        pytest.param({"x": range(0)}, "x of a grid has no values", id="an empty range"),
        pytest.param({"x": 0.1}, r"not 0\.1: write x=\[0\.1\]", id="a number"),
        pytest.param({"x": "abc"}, r"write x=\['abc'\]", id="a text"),
        pytest.param({"x": {"a": 1}}, "a list or a range", id="a dict"),
        pytest.param({"x": {1, 2}}, r"another order .* use x=sorted", id="a set"),
        pytest.param({"x y": [1]}, "'x y' cannot be the name", id="no identifier"),
        pytest.param({n: range(10**5) for n in "abcd"}, "among several runs", id="10**20 points"),
    ],
)
def test_what_is_no_grid_is_refused(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Items.grid(**values)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        pytest.param("x=0.1,0.01", ("0.1", "0.01"), id="a list"),
        pytest.param("x=1e-3", ("1e-3",), id="one value"),
        pytest.param("x=a=b,c", ("a=b", "c"), id="another equals sign"),
        pytest.param("x=a b,--flag", ("a b", "--flag"), id="any text"),
        pytest.param("x=web:80,db:90", ("web:80", "db:90"), id="colons of no range"),
        pytest.param("x=C:", ("C:",), id="a colon at the end"),
        pytest.param("x=::", ("::",), id="an address"),
        pytest.param("x=:", (":",), id="a colon alone"),
        pytest.param("x=0:1000", range(1000), id="a range"),
        pytest.param("x=0:10:3", range(0, 10, 3), id="a step"),
        pytest.param("x=-5:-1", range(-5, -1), id="below 0"),
        pytest.param("x=10:0:-2", range(10, 0, -2), id="downwards"),
    ],
)
def test_the_command_line_names_values(text: str, values: tuple[str, ...] | range) -> None:
    assert parsed(text) == Axis("x", values)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("x", "write NAME=VALUES", id="no values"),
        pytest.param("", "write NAME=VALUES", id="nothing"),
        pytest.param("=1", "has no name", id="no name"),
        pytest.param("a-b=1", "such as a_b", id="no identifier"),
        pytest.param("x=", "a value is empty", id="nothing given"),
        pytest.param("x=1,", "a value is empty", id="a comma at the end"),
        pytest.param("x=0:0", "the range is empty", id="an empty range"),
        pytest.param("x=10:0", "counts down", id="an empty range downwards"),
        pytest.param("x=0:10:0", "step of a range cannot be 0", id="step 0"),
        pytest.param("x=0:10,20:30", "'0:10' is no range of integers by itself", id="two ranges"),
        pytest.param("x=5,0:10", "'0:10'", id="a range among values"),
        pytest.param("x=0:1:0.1", r"'0:1:0\.1'", id="a step of a fraction"),
        pytest.param("x=:10", "':10'", id="no start"),
        pytest.param("x=0:", "'0:'", id="no end"),
    ],
)
def test_what_names_no_values_is_refused_with_what_to_write(text: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        parsed(text)


def test_a_name_that_stands_twice_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="two columns x"):
        Grid([parsed("x=1"), parsed("x=2")])
