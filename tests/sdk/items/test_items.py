"""The sequence of inputs: what it is made of, what it says of itself, and what is refused."""

from __future__ import annotations

import hashlib
import math
import random
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, overload

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskfarm_sdk import ConfigurationError, Items
from taskfarm_sdk._items.digests import BATCH, Digest, digest_of

json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda values: st.lists(values) | st.dictionaries(st.text(), values),
    max_leaves=5,
)


class Squares(Sequence[int]):
    """Computes its items, and counts how many were asked for."""

    def __init__(self) -> None:
        self.asked = 0

    def __len__(self) -> int:
        return 10**9

    @overload
    def __getitem__(self, index: int) -> int: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[int]: ...

    def __getitem__(self, index: int | slice) -> int | Sequence[int]:
        assert isinstance(index, int)
        self.asked += 1
        return index**2


class Frame:
    """Looks like a data frame: iterated, it gives the names of its columns."""

    columns = ("lat", "lon")

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)


class PandasLike(Frame):
    def to_dict(self) -> None: ...


class PolarsLike(PandasLike):
    def to_dicts(self) -> None: ...


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([3, 5, 8], id="list"),
        pytest.param((3, 5, 8), id="tuple"),
        pytest.param(iter([3, 5, 8]), id="iterator"),
        pytest.param({"a": 3, "b": 5, "c": 8}.values(), id="values of a dict"),
    ],
)
def test_any_sequence_gives_items(values: Iterable[int]) -> None:
    items = Items.of(values)
    assert list(items) == [3, 5, 8]
    assert (len(items), items[0], items[-1], 5 in items) == (3, 3, 8, True)


def test_a_list_that_changes_later_makes_no_difference() -> None:
    values = [3, 5]
    items = Items(values)
    values.append(8)
    assert list(items) == [3, 5]


def test_a_sequence_that_computes_its_items_computes_only_those_asked_for() -> None:
    squares = Squares()
    items = Items.of(squares)
    assert (len(items), items[10**9 - 1]) == (10**9, (10**9 - 1) ** 2)
    assert list(items[5:8]) == [25, 36, 49]
    assert squares.asked == 4


def test_items_of_items_are_the_same() -> None:
    items = Items([1, 2])
    assert Items.of(items) is items


@settings(deadline=None)
@given(st.lists(st.integers(), min_size=1), st.slices(20))
def test_a_part_is_what_a_lists_part_is(values: list[int], part: slice) -> None:
    items = Items.of(values)[part]
    assert list(items) == values[part]
    assert len(items) == len(values[part])
    assert list(items[::-1]) == values[part][::-1]
    assert items.digest() == digest_of(values[part])


def test_an_item_that_is_not_there_is_an_index_error() -> None:
    for number in (3, -4):
        with pytest.raises(IndexError, match=f"no item {number}: there are 3 items"):
            Items([1, 2, 3])[number]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        pytest.param([], "there are no items", id="nothing"),
        pytest.param(iter(()), "there are no items", id="an empty iterator"),
        pytest.param("abc", "single str.*Items.lines", id="a text"),
        pytest.param(b"abc", "single bytes", id="bytes"),
        pytest.param({"a": 1}, r"not a dict: use list\(items\.items\(\)\)", id="a dict"),
        pytest.param({1, 2}, "another order in each process: use sorted", id="a set"),
        pytest.param(frozenset({1}), "another order in each process", id="a frozen set"),
        pytest.param(1000, r"use range\(1000\)", id="a number"),
        pytest.param(None, "not a NoneType", id="nothing at all"),
        pytest.param(PandasLike(), r"to_dict\('records'\)", id="pandas"),
        pytest.param(PolarsLike(), r"to_dicts\(\)", id="polars"),
    ],
)
def test_what_gives_no_items_is_refused_with_what_does(values: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Items.of(values)


@pytest.mark.parametrize(
    ("values", "columns"),
    [
        pytest.param([{"a": 1, "b": 2}, {"b": 3, "a": 4}], ("a", "b"), id="the same keys"),
        pytest.param([{"a": 1}, {"b": 1}], None, id="other keys"),
        pytest.param([{"a": 1}, {"a": 1, "b": 1}], None, id="more keys"),
        pytest.param([{"a": 1}, 7], None, id="other values"),
        pytest.param([{1: 1}], None, id="keys that are no texts"),
        pytest.param([7], None, id="no dicts"),
    ],
)
def test_columns_are_the_keys_of_all_items(
    values: list[object], columns: tuple[str, ...] | None
) -> None:
    assert Items.of(values).columns == columns
    assert Items.grid(x=[1], y=[2]).columns == ("x", "y")


@pytest.mark.parametrize(
    ("items", "shown"),
    [
        (Items([1]), "<Items(list): 1 item>"),
        (Items.of(range(1000)), "<Items(range): 1000 items>"),
        (Items.grid(x=range(9), y=["a"]), "<Items.grid(x: 9 values, y: 1 value): 9 items>"),
        (Items.grid(x=[1] * 1000, y=range(1000)), "<Items.grid(x: 1000 values, y: 1000 values):"),
        (Items([1, 2])[:1], "<a part of Items(list): 1 item>"),
    ],
)
def test_items_say_what_they_are(items: Items[object], shown: str) -> None:
    assert repr(items).startswith(shown)


def test_equal_items_have_equal_digests_wherever_they_come_from(tmp_path: Path) -> None:
    (tmp_path / "lines").write_text("a\nb\n")
    (tmp_path / "rows.csv").write_text("x,y\n1,2\n")
    assert Items.lines(tmp_path / "lines").digest() == Items(["a", "b"]).digest()
    assert Items.csv(tmp_path / "rows.csv").digest() == Items([{"y": "2", "x": "1"}]).digest()
    assert Items([Path("a"), Path("b")]).digest() == Items(["a", "b"]).digest()
    assert Items.of(range(0, 7, 2)).digest() == Items.of(range(0, 8, 2)).digest()


def test_a_digest_is_the_same_in_another_process_and_version() -> None:
    values = ["a", {"b": [1, 2.5, None, True], "a": "ü"}, ("x", float("nan"))]
    code = f"from taskfarm_sdk import Items; nan = float('nan'); print(Items({values}).digest())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == Items.of(values).digest()
    text = r'["a",{"a":"\u00fc","b":[1,2.5,null,true]},["x",NaN]]'
    assert Items.of(values).digest() == hashlib.sha256(text.encode()).hexdigest()


DIFFERENT: list[list[object]] = [
    ["a", "b"],
    ["b", "a"],
    ["ab"],
    ["a,b"],
    ["a", "b", ""],
    [1],
    [1.0],
    ["1"],
    [[1]],
    [],
]


def test_other_items_have_other_digests() -> None:
    digests = [digest_of(values) for values in DIFFERENT]
    assert len(set(digests)) == len(DIFFERENT)
    ranges = [Items.of(range(7)).digest(), Items.of(range(8)).digest()]
    assert len({*ranges, Items.grid(x=range(7)).digest(), Items.grid(y=range(7)).digest()}) == 4


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(b"a", id="bytes"),
        pytest.param(object(), id="an object"),
        pytest.param({1, 2}, id="a set"),
        pytest.param({"a": 1, 2: 3}, id="keys of two types"),
        pytest.param(10**5000, id="a number of 5,001 digits"),
        pytest.param(complex(1), id="a complex number"),
    ],
)
def test_what_is_not_json_like_has_no_digest(value: object) -> None:
    assert Items(["a", value, "b"]).digest() is None
    assert Items.grid(x=["a", value]).digest() is None


def test_a_list_in_itself_has_no_digest() -> None:
    loop: list[object] = []
    loop.append(loop)
    assert Items([loop]).digest() is None


@settings(deadline=None)
@given(st.lists(json_like), st.randoms())
def test_how_values_are_divided_makes_no_difference(
    values: list[object], chance: random.Random
) -> None:
    digest = Digest()
    rest = list(values)
    while rest:
        most = chance.randint(1, len(rest))
        digest.add(rest[:most])
        del rest[:most]
    assert digest.value() == digest_of(values)


def test_a_digest_of_many_values_is_that_of_all_of_them() -> None:
    digest = Digest()
    digest.add([*range(math.ceil(2.5 * BATCH))])
    assert digest_of(range(math.ceil(2.5 * BATCH))) == digest.value()
