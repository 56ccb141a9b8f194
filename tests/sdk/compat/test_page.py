"""The programs and names that docs/how-to/move-from-taskfarm-worker.md shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import taskfarm_sdk
from taskfarm_sdk import Farm, Run, RunStatus, Task, TaskInfo, Worker, compat
from taskfarm_sdk.testing import LocalServer

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "how-to" / "move-from-taskfarm-worker.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)


@pytest.mark.live
@pytest.mark.parametrize("program", PROGRAMS)
def test_the_pages_programs_run(taskfarm_server: LocalServer, program: str) -> None:
    computed: list[int] = []
    given = {
        "url": taskfarm_server.url,
        "user": taskfarm_server.user,
        "password": taskfarm_server.password,
        "compute": computed.append,
    }
    exec(program, given)
    assert computed == list(range(10))


def test_the_import_that_it_shows_brings_all_names() -> None:
    (shown,) = re.findall(r"^\+(from .*)$", PAGE, flags=re.MULTILINE)
    given: dict[str, object] = {}
    exec(shown, given)
    # What `token_auth` returns is theirs by no name.
    assert set(compat.__all__) - {"TokenAuth"} <= set(given)


def test_the_new_names_in_its_table_are_there() -> None:
    table = PAGE[PAGE.index("| taskfarm-worker | taskfarm_sdk |") :].split("\n\n")[0]
    homes = {"farm": Farm, "run": Run, "worker": Worker, "task": Task}
    new = " ".join(row.split("|")[2] for row in table.splitlines())
    for home, name in re.findall(r"\b(farm|run|worker|task)\.(\w+)", new):
        assert name in dir(homes[home]) or name in Run.__annotations__, name
    for home, kind in (("status", RunStatus), ("task_info", TaskInfo)):
        for name in re.findall(rf"{home}\([^)]*\)\.(\w+)", new):
            assert name in kind.__annotations__, name
    for name in re.findall(r"`(Task\w+Error)`", new):
        assert hasattr(taskfarm_sdk, name)
