"""The picture that the page makes of a results folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from taskfarm_cli.view.facts import MOST_FAILURES, MOST_MESSAGE
from taskfarm_cli.view.results import ResultsFolder
from tests.support.command_folders import RUN, log, new_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of a run with more failed items than are shown."""
    made = new_folder(tmp_path / "kept", 2 * MOST_FAILURES + 1)
    for item in range(2 * MOST_FAILURES):
        log(made, item, 3, "x" * 2000)
    return made


def test_of_many_failed_items_all_are_counted_and_the_first_are_shown(folder: Path) -> None:
    picture = ResultsFolder(folder).picture(RUN)
    assert picture is not None
    assert (picture.num_failed, len(picture.failures)) == (2 * MOST_FAILURES, MOST_FAILURES)
    assert [failure.number for failure in picture.failures] == list(range(MOST_FAILURES))
    assert {len(failure.message or "") for failure in picture.failures} == {MOST_MESSAGE}
    assert sum(cell.unknown for cell in picture.cells) == 1


def test_another_run_has_no_picture_here(folder: Path) -> None:
    assert ResultsFolder(folder).picture("0" * 32) is None


def test_a_folder_that_cannot_be_read_has_an_unknown_number_of_failures(folder: Path) -> None:
    results = ResultsFolder(folder)
    (folder / "node1-7-0.index").unlink()
    (folder / "node1-7-0.index").mkdir()
    picture = results.picture(RUN)
    assert picture is not None
    assert picture.num_failed is None
    assert "It cannot be read" in picture.remark
