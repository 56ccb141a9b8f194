"""The public types, as the type checkers of those who use them see them."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

import taskfarm_sdk
from tests.support import type_checkers
from tests.support.type_checkers import DOWNSTREAM, ROOT

PYTHON = Path(sys.executable)
CACHE = ROOT / ".mypy_cache"

MISUSE = """\
# pyright: strict
import taskfarm_sdk as sdk

farm = sdk.Farm(3)  # wrong: the URL is a text
farm = sdk.Farm("http://h/", "me")  # wrong: credentials are given by name
run: sdk.Run = farm.create_run("100")  # wrong: a number is one
run.num_tasks = 7  # wrong: data is frozen
run.num_task  # wrong: there is no such name
status: sdk.AsyncRun = run  # wrong: twins are no kin
failed: int = run.status().failed  # wrong: it may be unknown
sdk.TaskInfo(number=1, state="lost")  # wrong: no such state
sdk.frm  # wrong: no such name
farm.runs()
run.worker(3)  # wrong: keywords alone
run.status().done = 4  # wrong: data is frozen


async def twin(farm: sdk.AsyncFarm) -> list[sdk.AsyncRun]:
    async with farm:
        for status in run.watch():
            print(status.done)
        return farm.runs()  # wrong: not awaited
"""


def test_downstream_uses_every_public_name() -> None:
    words = set(re.findall(r"\w+", DOWNSTREAM.read_text()))
    assert set(taskfarm_sdk.__all__) <= words


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_a_strict_checker_takes_right_use_and_refuses_wrong_use(
    tmp_path: Path, checker: str
) -> None:
    misuse = tmp_path / "misuse.py"
    misuse.write_text(MISUSE)
    wrong = {n for n, line in enumerate(MISUSE.splitlines(), 1) if "# wrong" in line}

    if checker == "mypy":
        found = type_checkers.mypy(DOWNSTREAM, misuse, python=PYTHON, cwd=ROOT, cache=CACHE)
    else:
        found = type_checkers.pyright(DOWNSTREAM, misuse, python=PYTHON, cwd=ROOT)
    assert found.lines == {DOWNSTREAM.name: set(), misuse.name: wrong}, found.said


def test_every_public_type_is_complete() -> None:
    package, score, disliked = type_checkers.completeness("taskfarm_sdk", python=PYTHON, cwd=ROOT)
    assert package == ROOT / "taskfarm_sdk"
    assert not disliked
    assert score == 1
