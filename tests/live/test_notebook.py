"""The example notebook, executed in a real kernel: what its cells show, and that bars are live."""

from __future__ import annotations

import re

import pytest

from taskfarm_sdk.testing import LocalServer
from tests.support.notebooks import NOTEBOOK, Cell, code_cells, execute, pages

pytestmark = [pytest.mark.live, pytest.mark.slow]


def cell_with(cells: list[Cell], words: str) -> Cell:
    (found,) = [cell for cell in cells if words in "".join(cell["source"])]
    return found


@pytest.fixture(scope="module")
def executed(taskfarm_server: LocalServer, tmp_path_factory: pytest.TempPathFactory) -> list[Cell]:
    """The cells of the notebook, executed once, in a folder of its own."""
    return execute(taskfarm_server, tmp_path_factory.mktemp("notebook"))


def test_the_notebook_is_kept_without_outputs() -> None:
    kept = code_cells(NOTEBOOK.read_text(encoding="utf-8"))
    assert kept
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in kept)


def test_no_cell_fails_or_writes_to_stderr(executed: list[Cell]) -> None:
    outputs = [output for cell in executed for output in cell["outputs"]]
    assert outputs
    assert not [output for output in outputs if output["output_type"] == "error"]
    assert not [output for output in outputs if output.get("name") == "stderr"]


def test_the_bar_of_map_is_one_output_that_ends_with_the_last_status(
    executed: list[Cell],
) -> None:
    (bar,) = pages(cell_with(executed, "farm.map("), "display_data")
    assert "<div>200 of 200 items done</div>" in bar
    assert 'aria-label="10 of 10 tasks done, 0 failed"' in bar


def test_the_bar_of_work_and_the_text_of_its_status(executed: list[Cell]) -> None:
    cell = cell_with(executed, "run.work(")
    (bar,) = pages(cell, "display_data")
    assert 'aria-label="6 of 6 tasks done, 0 failed"' in bar
    printed = ["".join(o["text"]) for o in cell["outputs"] if o["output_type"] == "stream"]
    assert printed == ["6 of 6 tasks done, 0 failed\n"]


def test_the_bar_of_watch(executed: list[Cell]) -> None:
    (bar,) = pages(cell_with(executed, "run.watch("), "display_data")
    assert 'aria-label="6 of 6 tasks done, 0 failed"' in bar


def test_runs_and_results_show_themselves(executed: list[Cell]) -> None:
    (results,) = pages(executed[2], "execute_result")
    assert "200 of 200 items have a value, 0 failed, 0 not computed" in results
    (run,) = pages(cell_with(executed, "create_run"), "execute_result")
    (uuid,) = re.findall(r"[0-9a-f]{32}", run)
    (listed,) = pages(cell_with(executed, "farm.runs()"), "execute_result")
    assert uuid in listed


def test_no_output_runs_or_loads_anything(executed: list[Cell]) -> None:
    for cell in executed:
        for page in pages(cell, "display_data") + pages(cell, "execute_result"):
            assert not re.search(r"<(script|img|link|iframe|style)|src=|href=|url\(|\bon\w+=", page)
