"""Results of damaged files: what is whole is read, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import taskfarm_sdk
from taskfarm_sdk import Results, TaskfarmError
from taskfarm_sdk._results.folder import Folder
from tests.support.results_folders import (
    new_folder,
    write,
)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return new_folder(tmp_path / "sweep", 5, items="abcde")


@pytest.fixture
def known(folder: Folder) -> Results[str]:
    return taskfarm_sdk.results(folder.path)


def values(results: Results[str]) -> list[str | None]:
    return [result.value for result in results]


def test_a_file_cut_at_any_byte_gives_its_whole_records(folder: Folder) -> None:
    path = write(folder, {0: "A", 1: "B", 2: "C"})
    content = path.read_bytes()
    size = len(content) // 3
    for cut in range(len(content)):
        path.write_bytes(content[:cut])
        found = values(taskfarm_sdk.results(folder.path))
        whole = cut // size
        assert found == [*"ABC"[:whole], *[None] * (5 - whole)]


def test_a_flipped_byte_costs_one_item(folder: Folder) -> None:
    path = write(folder, {0: "A", 1: "B", 2: "C"})
    content = bytearray(path.read_bytes())
    size = len(content) // 3
    for place in range(len(content)):
        content[place] ^= 0x55
        path.write_bytes(content)
        found = values(taskfarm_sdk.results(folder.path))
        assert found == [None if place // size == at else "ABC"[at] for at in range(3)] + [None] * 2
        content[place] ^= 0x55


def test_a_record_that_is_spoilt_after_it_was_found_is_not_unpickled(
    folder: Folder, known: Results[str]
) -> None:
    path = write(folder, {0: "A", 1: "B"})
    assert known.missing == [2, 3, 4]
    content = bytearray(path.read_bytes())
    content[-2] ^= 1
    path.write_bytes(content)
    error = known[1].error
    assert isinstance(error, TaskfarmError)
    assert "result of item 1 is damaged" in str(error)
    assert known[0].value == "A"


def test_a_record_that_its_writer_cuts_away_while_it_is_read_is_looked_for_again(
    folder: Folder, known: Results[str]
) -> None:
    path = write(folder, {0: "A", 1: "B"})
    reading = iter(known)
    assert next(reading).value == "A"
    write(folder, {1: "again"}, attempt=2)
    os.truncate(path, 0)
    reader_module_block = next(reading).value
    # What was read ahead is as good as what is there now.
    assert reader_module_block in {"B", "again"}
    assert [one.value for one in known][:2] == [None, "again"]
