"""One reader for the folders of `farm.map` and of workTF, also while they grow."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.outcomes.item_facts import DONE, FAILED, item_cells
from taskfarm_cli.outcomes.items import check_results, open_items
from taskfarm_sdk._results.folder import Folder
from tests.support import command_folders, results_folders

Add = Callable[[int, bool], None]


def functions(path: Path) -> tuple[Path, str, Add]:
    folder: Folder = results_folders.new_folder(path, 4, items=[10, 11, 12, 13])

    def add(item: int, is_done: bool) -> None:
        if is_done:
            results_folders.write(folder, {item: "value"}, attempt=2)
        else:
            results_folders.write_failure(folder, item, ValueError("no\x1b such"))

    return path, results_folders.RUN, add


def commands(path: Path, *, by_log: bool) -> tuple[Path, str, Add]:
    folder = command_folders.new_folder(path, 4)

    def add(item: int, is_done: bool) -> None:
        keep = command_folders.log if by_log else command_folders.keep
        keep(folder, item, 0 if is_done else 3, "" if is_done else "begin\nno\x1b such\n")

    return folder, command_folders.RUN, add


KINDS: dict[str, Callable[[Path], tuple[Path, str, Add]]] = {
    "farm.map": functions,
    "--results": partial(commands, by_log=False),
    "--log": partial(commands, by_log=True),
}


@pytest.fixture(params=KINDS)
def made(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str, Add]:
    """A folder of each kind, the run that it is of, and what adds an item's outcome to it."""
    return KINDS[request.param](tmp_path / "kept")


def test_the_state_of_each_item_is_read_as_it_is_added(made: tuple[Path, str, Add]) -> None:
    folder, run, add = made
    items = open_items(folder)
    assert (items.run_uuid, items.num_items) == (run, 4)
    assert items.states() == bytearray(4)
    add(2, False)
    add(0, True)
    assert items.states() == bytearray([DONE, 0, FAILED, 0])
    add(2, True)
    add(3, False)
    assert items.states() == bytearray([DONE, 0, DONE, FAILED])


def test_what_failed_says_why_and_what_has_no_result_says_nothing(
    made: tuple[Path, str, Add],
) -> None:
    folder, _, add = made
    add(1, False)
    add(3, True)
    items = open_items(folder)
    items.states()
    assert items.fact(0) is None
    fact, done = items.fact(1), items.fact(3)
    assert fact is not None
    assert done is not None
    assert (fact.number, fact.failed, done.failed, done.message) == (1, True, False, "")
    assert fact.message in (
        "ValueError: no\x1b such",
        "exit status 3: no\\x1b such",
    )
    assert [one.number for one in items.facts()] == [1, 3]


def test_attempts_are_told_only_where_the_folder_tells_them(tmp_path: Path) -> None:
    folder = command_folders.new_folder(tmp_path / "results", 1)
    command_folders.keep(folder, 0, 0)
    other = command_folders.new_folder(tmp_path / "log", 1)
    command_folders.log(other, 0, 0, attempt=3)
    assert [fact.attempts for fact in open_items(folder).facts()] == [None]
    assert [fact.attempts for fact in open_items(other).facts()] == [3]


def test_output_that_was_removed_leaves_the_exit_status(tmp_path: Path) -> None:
    folder = command_folders.new_folder(tmp_path / "log", 1)
    command_folders.log(folder, 0, 3, "no\n")
    items = open_items(folder)
    items.states()
    (folder / "node1-7-0.log").unlink()
    fact = items.fact(0)
    assert fact is not None
    assert fact.message == "exit status 3"


def test_a_folder_of_another_run_or_of_none_is_refused(tmp_path: Path) -> None:
    folder = command_folders.new_folder(tmp_path / "kept", 1)
    check_results(folder, command_folders.RUN)
    with pytest.raises(UsageError, match=f"the results of run {command_folders.RUN}, not of 00"):
        check_results(folder, "0" * 32)
    with pytest.raises(UsageError, match="does not say of which run it holds results"):
        open_items(tmp_path)
    with pytest.raises(UsageError, match="there is no folder"):
        open_items(tmp_path / "none")


def test_a_large_run_has_blocks_of_items_as_cells() -> None:
    found = item_cells(bytearray([DONE]) * 99_990 + bytearray([FAILED]) * 10, 1000)
    assert len(found) == 1000
    assert (found[0].done, found[-1].failed) == (100, 10)
    assert item_cells(bytearray(), 1000) == []
