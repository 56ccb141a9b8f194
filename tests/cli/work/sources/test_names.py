"""Names of files as inputs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.work.sources.load import Asked, load


def found(*patterns: str) -> list[str]:
    inputs = load(Asked(None, nul=False, csv=None, grid=(), glob=patterns, values=()))
    assert inputs is not None
    return [inputs.at(number).text for number in range(len(inputs))]


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have some files in the current folder."""
    monkeypatch.chdir(tmp_path)
    Path("deep/er").mkdir(parents=True)
    for name in ("b.nc", "a.nc", "-rf.txt", "$(touch owned).nc", "deep/er/c.nc"):
        Path(name).touch()


def test_the_names_are_sorted_and_as_the_pattern_has_them() -> None:
    assert found("*.nc") == ["$(touch owned).nc", "a.nc", "b.nc"]
    assert found("./[ab].nc") == ["./a.nc", "./b.nc"]
    assert found("**/c.nc") == ["deep/er/c.nc"]


def test_the_files_of_each_pattern_follow_and_each_comes_once() -> None:
    assert found("b.*", "*.txt", "?.nc") == ["b.nc", "-rf.txt", "a.nc"]


def test_a_name_that_is_no_text_is_the_bytes_that_it_is() -> None:
    Path(os.fsdecode(b"\xff.dat")).touch()
    assert [os.fsencode(name) for name in found("*.dat")] == [b"\xff.dat"]


def test_a_pattern_without_files_is_named() -> None:
    with pytest.raises(UsageError, match=r"no file matches '\*.csv'"):
        found("*.nc", "*.csv")
