"""The history of the runs that were created here: what it tells, to whom, and without a server."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from taskfarm_cli.common import run_files
from taskfarm_cli.common.run_files import RunNote
from taskfarm_cli.manage.output.history import block, line_of_note
from taskfarm_sdk import logins
from tests.support.forged import FORGERIES
from tests.support.manage_tf import Manage

A, B, C = "a" * 32, "b" * 32, "c" * 32
URL = "http://farm.invalid/api/"


def a_note(run: str = A, **changes: Any) -> RunNote:
    facts: dict[str, Any] = {
        "run": run,
        "url": URL,
        "num_tasks": 20,
        "items": 1995,
        "chunk": 100,
        "command": ("echo", "a b", "{input}"),
        "folder": "/data/sweep",
        "time": "2026-01-31T12:00:00+00:00",
    }
    return RunNote(**{**facts, **changes})


@pytest.fixture(autouse=True)
def _in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture
def offline(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Manage:
    """Runs manageTF in this process, which must neither ask a server nor look for credentials."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a farm was opened")

    monkeypatch.setattr("taskfarm_sdk.Farm.__init__", refuse)
    monkeypatch.setattr(logins, "default_login", refuse)
    return Manage(capsys)


def test_notes_that_cannot_be_read_are_no_empty_history(
    offline: Manage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    found = offline("--history")
    assert (found.status, found.out) == (1, "")
    place = f"{tmp_path}/file/taskfarm/runs (Not a directory)"
    assert found.error == f"what is noted in {place} cannot be read"
    found = offline("-i", "sweep")
    assert found.status == 2
    assert f"and what is noted in {place} cannot be read, where names are kept" in found.error


def test_the_runs_of_all_servers_are_listed_the_newest_last(offline: Manage) -> None:
    run_files.write_note(a_note(C, time="2026-01-31T12:00:00+00:00", name="late"))
    run_files.write_note(a_note(A, time="2026-01-31T12:30:00+01:00", url="http://other.invalid/"))
    run_files.write_note(a_note(B, time="2025-01-31T12:00:00+00:00", name="early"))
    lines = offline.fine("--history").out.splitlines()
    assert [line.split()[1] for line in lines] == [B, A, C]
    assert [line.split()[0] for line in lines] == ["early", "-", "late"]


def test_a_line_has_a_field_for_each_fact_and_ends_with_the_command() -> None:
    assert line_of_note(a_note(name="sweep")) == (
        f"sweep {A} {URL} 2026-01-31T13:00:00+01:00 20 1995 - /data/sweep echo 'a b' '{{input}}'"
    )
    assert line_of_note(a_note(command=None, function="model.run", finished=True)).split()[6:] == [
        *("finished", "/data/sweep", "model.run")
    ]
    assert line_of_note(a_note(command=None)).split()[-1] == "-"


@pytest.mark.parametrize("text", FORGERIES.values(), ids=FORGERIES)
def test_no_text_of_a_note_adds_a_line_or_a_field(text: str) -> None:
    forged = a_note(
        command=(text,), folder=text, time=text, url=f"http://{text}" if text.isalnum() else URL
    )
    line = line_of_note(forged)
    assert line.isprintable()
    assert line.split(" ")[:3] == ["-", A, forged.url]
    assert line.split(" ")[4:7] == ["20", "1995", "-"]
    assert all(part.isprintable() for part in block(forged, 80))


def test_json_tells_all_that_is_noted_with_the_time_as_iso(offline: Manage) -> None:
    run_files.write_note(a_note(name="sweep", results="/data/out"))
    assert offline.fine("--history", "--json").document == {
        "taskfarm": 1,
        "mode": "history",
        "runs": [
            {
                "name": "sweep",
                "uuid": A,
                "url": URL,
                "created": "2026-01-31T12:00:00+00:00",
                "num_tasks": 20,
                "items": 1995,
                "chunk": 100,
                "command": ["echo", "a b", "{input}"],
                "shell": False,
                "function": None,
                "folder": "/data/sweep",
                "results": "/data/out",
                "noted_finished": False,
            }
        ],
    }


def test_an_empty_history_is_no_error(offline: Manage) -> None:
    assert offline.fine("--history").out == ""
    assert json.loads(offline.fine("--history", "--json").out)["runs"] == []


def test_history_takes_no_run(offline: Manage) -> None:
    assert offline("--history", A).error == f"--history takes no run UUID, but {A!r} was given"


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_a_block_is_cut_to_the_width_and_keeps_the_uuid_whole(columns: int) -> None:
    lines = block(a_note(name="x" * 64, folder="/f" * 99, command=("echo", "y" * 300)), columns)
    assert all(len(line) <= columns for line in lines)
    assert lines[0] == f"{A}  2026-01-31 13:00 CET"
    assert lines[-1].endswith("…")


def test_a_block_tells_name_size_place_and_command() -> None:
    assert block(a_note(name="sweep", finished=True), 80) == [
        f"{A}  2026-01-31 13:00 CET",
        "    sweep  20 tasks of 1995 items  finished",
        f"    at {URL} in /data/sweep",
        "    echo 'a b' '{input}'",
    ]
    assert block(a_note(items=20, command=None), 40)[1:] == [
        *("    20 tasks", f"    at {URL}", "    in /data/sweep")
    ]
