"""Tables of results: the items' columns and the values', as CSV and as data frames."""

from __future__ import annotations

import csv
import dataclasses
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import attrs
import pytest

import taskfarm_sdk
from taskfarm_sdk import ConfigurationError, Results
from tests.support.results_folders import new_folder, write, write_failure

POINTS: list[object] = [{"lr": 0.1, "seed": 0}, {"lr": 0.1, "seed": 1}, {"lr": 0.01, "seed": 0}]


def sweep(path: Path, items: list[Any], values: dict[int, object]) -> Results[Any]:
    folder = new_folder(path / "sweep", len(items), items=items)
    write(folder, values)
    return taskfarm_sdk.results(folder.path)


def table(path: Path, results: Results[Any]) -> list[list[str]]:
    results.to_csv(path / "table.csv")
    with (path / "table.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_the_columns_are_those_of_the_items_and_of_the_values(tmp_path: Path) -> None:
    results = sweep(
        tmp_path, POINTS, {number: {"loss": number / 2, "note": "a,\nb"} for number in range(3)}
    )
    assert table(tmp_path, results) == [
        ["lr", "seed", "loss", "note"],
        ["0.1", "0", "0.0", "a,\nb"],
        ["0.1", "1", "0.5", "a,\nb"],
        ["0.01", "0", "1.0", "a,\nb"],
    ]


def test_what_has_no_columns_is_one(tmp_path: Path) -> None:
    results = sweep(tmp_path, ["a.txt", "ü.txt"], {0: 1, 1: [2, 3]})
    assert table(tmp_path, results) == [
        ["item", "value"], ["a.txt", "1"], ["ü.txt", "[2, 3]"],
    ]  # fmt: skip


class Named(NamedTuple):
    x: int
    y: int


@dataclasses.dataclass
class Data:
    x: int
    y: int


@attrs.frozen
class Attrs:
    x: int
    y: int


@pytest.mark.parametrize("kind", [Named, Data, Attrs, lambda x, y: {"x": x, "y": y}])
def test_the_fields_of_a_value_are_columns(tmp_path: Path, kind: Any) -> None:
    results = sweep(tmp_path, ["a"], {0: kind(1, 2)})
    assert table(tmp_path, results) == [["item", "x", "y"], ["a", "1", "2"]]


def test_values_with_different_keys_have_all_columns(tmp_path: Path) -> None:
    results = sweep(tmp_path, ["a", "b", "c"], {0: {"x": 1}, 1: {"y": 2}, 2: 3})
    assert table(tmp_path, results) == [
        ["item", "x", "y", "value"],
        ["a", "1", "", ""],
        ["b", "", "2", ""],
        ["c", "", "", "3"],
    ]


@pytest.mark.parametrize(
    ("value", "header"),
    [
        ({"lr": 1}, ["lr", "seed", "value_lr"]),
        ({"lr": 1, "value_lr": 2}, ["lr", "seed", "value_value_lr", "value_lr"]),
        ({"item": 1}, ["lr", "seed", "item"]),
    ],
)
def test_no_two_columns_have_one_name(
    tmp_path: Path, value: dict[str, int], header: list[str]
) -> None:
    results = sweep(tmp_path, POINTS, dict.fromkeys(range(3), value))
    assert table(tmp_path, results)[0] == header


def test_items_without_a_value_say_why_in_a_column(tmp_path: Path) -> None:
    results = sweep(tmp_path, ["a", "b", "c"], {0: {"error": 7}})
    write_failure(results._folder, 1, ValueError("bad input"))
    assert table(tmp_path, results) == [
        ["item", "value_error", "error"],
        ["a", "7", ""],
        ["b", "", "ValueError: bad input"],
        ["c", "", "TaskfarmError: item 2 has no result: it was not computed so far"],
    ]


class Frame:
    """Keeps what a data frame is made of."""

    def __init__(self, columns: dict[str, list[object]], strict: bool = True) -> None:
        self.columns = columns
        self.strict = strict


def library(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Have a module with data frames, imported already."""
    module = ModuleType(name)
    module.DataFrame = type(name, (Frame,), {})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, name, module)


def not_installed(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    for name in names:
        monkeypatch.setitem(sys.modules, name, None)


@pytest.mark.parametrize("name", ["pandas", "polars"])
def test_a_frame_is_of_the_library_that_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    not_installed(monkeypatch, *{"pandas", "polars"} - {name})
    library(monkeypatch, name)
    results = sweep(tmp_path, POINTS, {0: 1, 1: 2, 2: 3})
    frame = results.to_frame()
    assert type(frame).__name__ == name
    assert frame.strict == (name == "pandas")
    assert frame.columns == {"lr": [0.1, 0.1, 0.01], "seed": [0, 1, 0], "value": [1, 2, 3]}


def test_a_library_that_the_program_uses_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "pandas", raising=False)
    library(monkeypatch, "polars")
    assert type(sweep(tmp_path, POINTS, {0: 1}).to_frame()).__name__ == "polars"


def test_without_a_library_for_frames_both_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    not_installed(monkeypatch, "pandas", "polars")
    with pytest.raises(ConfigurationError, match="pip install pandas.*polars.*to_csv"):
        sweep(tmp_path, POINTS, {0: 1}).to_frame()


def test_a_path_that_no_file_can_have_is_refused_in_a_few_words(tmp_path: Path) -> None:
    results = sweep(tmp_path, [1], {0: 1})
    with pytest.raises(
        ConfigurationError, match="path is too long for the name of a file"
    ) as refused:
        results.to_csv("x" * 10_000)
    assert len(str(refused.value)) < 500
