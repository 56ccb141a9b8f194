"""The example notebook, executed in a real kernel: what its cells show, and that bars are live."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from taskfarm_sdk.testing import LocalServer
from tests.support import programs

pytestmark = [pytest.mark.live, pytest.mark.slow]

NOTEBOOK = Path(__file__).parents[2] / "examples" / "notebook.ipynb"
PROGRAM = programs.ROOT / "tests" / "programs" / "notebook.py"
Cell = Mapping[str, Any]


def code_cells(text: str) -> list[Cell]:
    return [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]


def cell_with(cells: list[Cell], words: str) -> Cell:
    (found,) = [cell for cell in cells if words in "".join(cell["source"])]
    return found


def pages(cell: Cell, kind: str) -> list[str]:
    """Return the HTML of a cell's outputs of a kind."""
    return [
        "".join(output["data"]["text/html"])
        for output in cell["outputs"]
        if output["output_type"] == kind and "text/html" in output["data"]
    ]


@pytest.fixture(scope="module")
def executed(taskfarm_server: LocalServer, tmp_path_factory: pytest.TempPathFactory) -> list[Cell]:
    """Execute the notebook once, in a folder of its own."""
    access = programs.credentials(taskfarm_server)
    env = {f"TASKFARM_{key.upper()}": str(value) for key, value in access.items()}
    folder = tmp_path_factory.mktemp("notebook")
    # Kernels and IPython write into their own folders only.
    env |= {name: str(folder) for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR")}
    done = programs.run(PROGRAM, NOTEBOOK, told={}, env=env, cwd=folder, timeout_s=200)
    assert done.returncode == 0, done.stderr
    return code_cells(done.stdout)


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
