"""`make client` says what a change of the contract changes in the client's API."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import taskfarm_api
from tests.support.openapi.client_difference import differences, facts_of, main
from tests.support.openapi.contract import OPERATIONS

CLIENT = Path(taskfarm_api.__path__[0])


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """A copy of the generated client, to be changed."""
    return Path(shutil.copytree(CLIENT, tmp_path / "taskfarm_api"))


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_every_operation_with_its_statuses_and_every_schema_is_a_fact() -> None:
    facts = facts_of(CLIENT)
    for name, operation in OPERATIONS.items():
        assert f"{name}()" in facts
        statuses = {key for key in facts if key.startswith(f"{name}() ")}
        assert statuses == {f"{name}() {status}" for status in operation.responses}
    assert facts["RunInfo.num_tasks"] == "float | int | None | str"
    assert facts["TaskStatus"] == "Literal['computing', 'done', 'waiting']"
    assert facts["get_run(info)"] == "RunField | Unset = UNSET"
    assert not any("client" in name for name in facts)


def test_the_same_client_has_no_differences(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(CLIENT), str(CLIENT)]) == 0
    assert capsys.readouterr().out == "the client's API: no differences\n"


def test_a_new_field_a_changed_type_and_a_lost_operation_are_told(changed: Path) -> None:
    replace(changed / "models" / "task.py", "    task: int\n", "    task: int\n    host: str\n")
    replace(changed / "models" / "run.py", "    id: int\n", "    id: str\n")
    (changed / "api" / "runs" / "delete_run.py").unlink()
    told = differences(facts_of(CLIENT), facts_of(changed))
    assert "+ Task.host: str" in told
    assert "! Run.id: int -> str" in told
    assert "- delete_run(uuid): str" in told
    assert "- delete_run() 204: a documented status" in told
    assert all(line[2:].startswith(("Task.host", "Run.id", "delete_run(")) for line in told)


def test_what_may_break_the_sdk_is_named(changed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    replace(changed / "models" / "task_status.py", '"done", ', '"finished", ')
    main([str(CLIENT), str(changed)])
    out = capsys.readouterr().out
    assert "! TaskStatus: " in out
    assert "_protocol/operations.py" in out


def test_a_first_client_is_all_new(tmp_path: Path) -> None:
    told = differences(facts_of(tmp_path / "none"), facts_of(CLIENT))
    assert told
    assert all(line.startswith("+ ") for line in told)
