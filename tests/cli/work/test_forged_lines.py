"""Texts of servers, other clients and files in workTF's messages, dry runs and job logs."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from taskfarm_cli.work.commands.joblog import COLUMNS, Entry, JobLog
from taskfarm_cli.work.slurm import submit
from tests.support.forged import FORGERIES, lines_of
from tests.support.odd_numbers import UUID
from tests.support.stub_farm import StubRun, stub_farm
from tests.support.stub_server import Reply
from tests.support.work_tf import run_work_tf

PAGE = "".join(FORGERIES.values()).encode(errors="surrogatepass")
ODD_NAMES = [b"a\nb", b"\x1b[2J", b"\xff'\\", "\u202e\x9b".encode(), b"plain name"]


@pytest.fixture(autouse=True)
def _folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("status", [200, 403, 404, 401])
def test_a_servers_page_is_one_printable_line(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    with stub_farm(StubRun(), monkeypatch) as server:
        server.answers = Reply(status, PAGE)
        done = run_work_tf(UUID, "--", "true")
    assert done.returncode != 0
    assert lines_of(done.stderr, 1)[0].startswith("workTF: ")


def test_a_run_of_another_client_is_refused_in_printable_lines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with stub_farm(StubRun(num_tasks=FORGERIES["a cleared terminal"]), monkeypatch):
        done = run_work_tf(UUID, "-j1", "--", "true")
    assert done.returncode == 2
    assert lines_of(done.stderr, 1)[0].startswith(f"workTF: run {UUID}")


@pytest.mark.parametrize("field", ["folder", "time", "url"])
def test_a_manifest_is_quoted_in_one_printable_line(
    monkeypatch: pytest.MonkeyPatch, field: str
) -> None:
    facts = {"run": UUID, "url": "u", "command": [], "shell": False, "num_tasks": 3}
    facts |= {"inputs_sha256": "0" * 64, "folder": "f", "time": "t"}
    odd = "".join(FORGERIES.values())
    Path(f"taskfarm-{UUID}.json").write_text(json.dumps({**facts, field: odd}))
    with stub_farm(StubRun(), monkeypatch):
        done = run_work_tf(UUID, "--", "true")
    assert done.returncode == 2
    assert r"\x1b[2J" in lines_of(done.stderr, 1)[0]


def test_a_dry_run_is_a_line_for_each_task_that_a_shell_can_run() -> None:
    Path("inputs").write_bytes(b"\0".join(ODD_NAMES))
    done = run_work_tf(
        *("--create", "-0", "--inputs", "inputs", "--dry-run", "--", "printf", r"%s\0", "{input}")
    )
    assert (done.returncode, done.stderr) == (0, "")
    commands = "\n".join(lines_of(done.stdout, len(ODD_NAMES)))
    said = subprocess.run(["bash", "-c", commands], capture_output=True, check=True).stdout
    assert said.split(b"\0")[:-1] == ODD_NAMES


def test_the_name_of_a_file_is_escaped_in_an_error() -> None:
    done = run_work_tf("--create", "--inputs", "no\n\x1b[2Jsuch", "--", "true")
    assert done.returncode == 2
    assert r"no \x1b[2Jsuch" in lines_of(done.stderr, 1)[0]


def test_an_attempt_is_one_line_of_the_job_log(tmp_path: Path) -> None:
    log = JobLog(str(tmp_path / "log"))
    for name in ODD_NAMES:
        log.add(Entry(0, ["cat", os.fsdecode(name)], 1.5, 0.5, 0))
    log.close()
    lines = (tmp_path / "log").read_text().removesuffix("\n").split("\n")
    assert [line.count("\t") for line in lines] == [len(COLUMNS) - 1] * (1 + len(ODD_NAMES))
    assert all(line.replace("\t", "").isprintable() for line in lines)


def test_lines_of_a_slurm_job_are_escaped_when_they_are_shown(tmp_path: Path) -> None:
    (tmp_path / "7_0.out").write_bytes(b"fine\n\x1b[2J\xff\n")
    assert submit.last_lines(f"{tmp_path}/%A_%a.out", ["7"]) == "fine\n\\x1b[2J\ufffd"
