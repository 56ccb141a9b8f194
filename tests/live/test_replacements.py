"""What a test has replaced is seen in threads of its process, and in child processes it is not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from taskfarm_sdk import Task
from taskfarm_sdk.testing import LocalServer

SETTING = {"value": "as it is imported"}


def note_setting(folder: Path, task: Task) -> None:
    """Write what the setting is where the task is computed."""
    (folder / str(task.number)).write_text(SETTING["value"])


@pytest.mark.parametrize("in_threads", [False, True], ids=["children", "threads"])
def test_only_threads_see_what_a_test_replaced(
    taskfarm_server: LocalServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    in_threads: bool,
) -> None:
    monkeypatch.setitem(SETTING, "value", "as the test has it")
    function = partial(note_setting, tmp_path)
    with taskfarm_server.farm() as farm:
        run = farm.create_run(1)
        if in_threads:
            with ThreadPoolExecutor(2) as threads:
                run.work(function, executor=threads)
        else:
            run.work(function)
    expected = "as the test has it" if in_threads else "as it is imported"
    assert (tmp_path / "0").read_text() == expected
