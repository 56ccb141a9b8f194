"""Submission by --slurm: what it refuses, and what --dry-run shows; no Slurm is needed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from taskfarm_cli.work.main import main
from taskfarm_cli.work.slurm.submit import last_lines
from taskfarm_sdk import Farm
from taskfarm_sdk.logins import save_login
from taskfarm_sdk.testing import LocalServer
from tests.support.work_tf import NewRun

pytestmark = pytest.mark.live
COMMAND = ("--", "echo", "{task}")


@pytest.fixture
def saved(live_farm: Farm, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Farm:
    """A farm whose login is saved, and a folder to work in with no Slurm on the PATH."""
    save_login(live_farm.url, live_farm.user or "", live_farm.login())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/nowhere")
    return live_farm


def test_a_dry_run_prints_the_script_and_makes_nothing(
    saved: Farm, new_run: NewRun, capsysbinary: pytest.CaptureFixture[bytes], tmp_path: Path
) -> None:
    uuid = new_run(3).uuid
    words = ("--slurm", "4", "-j2", "--time", "5", "--allow-loopback", "--dry-run")
    assert main([*words, uuid, *COMMAND]) == 0
    printed = capsysbinary.readouterr()
    lines = printed.out.decode().splitlines()
    assert lines[0] == "#!/bin/sh"
    assert {"#SBATCH --array=0-3", "#SBATCH --cpus-per-task=2", "#SBATCH --time=5"} <= set(lines)
    assert f"#SBATCH --output={tmp_path}/taskfarm-{uuid}-slurm/%A_%a.out" in lines
    assert lines[-1].startswith("exec ")
    assert lines[-1].endswith(f" {uuid} -- echo '{{task}}'")
    assert f" -b {saved.url} " in lines[-1]
    assert list(tmp_path.glob("taskfarm-*")) == []
    assert f"mkdir -p {tmp_path}/taskfarm-{uuid}-slurm" in printed.err.decode()


def test_a_dry_run_of_a_run_to_be_made_makes_none(
    saved: Farm, capsysbinary: pytest.CaptureFixture[bytes], tmp_path: Path
) -> None:
    before = len(saved.runs())
    words = ("--slurm", "1", "--create", "--num-tasks", "3", "--allow-loopback", "--dry-run")
    assert main([*words, *COMMAND]) == 0
    assert b" UUID -- echo " in capsysbinary.readouterr().out
    assert len(saved.runs()) == before
    assert list(tmp_path.glob("taskfarm-*")) == []


@pytest.mark.usefixtures("saved")
def test_a_word_that_is_no_text_reaches_the_script(
    new_run: NewRun, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    words = ("--slurm", "1", "--allow-loopback", "--dry-run", new_run(1).uuid)
    assert main([*words, "--", "cat", "caf\udce9"]) == 0
    assert b"cat 'caf\xe9'\n" in capsysbinary.readouterr().out


def test_a_loopback_url_is_refused_with_the_reason(
    saved: Farm, new_run: NewRun, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--slurm", "1", "--dry-run", new_run(1).uuid, *COMMAND]) == 2
    said = capsys.readouterr().err
    assert saved.url in said
    assert "--allow-loopback" in said


def test_without_a_saved_login_how_to_log_in_is_told(
    live_farm: Farm,
    new_run: NewRun,
    taskfarm_server: LocalServer,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TASKFARM_URL", live_farm.url)
    monkeypatch.setenv("TASKFARM_USER", taskfarm_server.user)
    monkeypatch.setenv("TASKFARM_PASSWORD", taskfarm_server.password)
    assert main(["--slurm", "1", "--dry-run", new_run(1).uuid, *COMMAND]) == 3
    said = capsys.readouterr().err
    assert f"manageTF --login -b {live_farm.url}" in said
    assert taskfarm_server.password not in said


@pytest.mark.usefixtures("saved")
def test_the_login_of_another_user_will_not_do(
    new_run: NewRun, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--slurm", "1", "--dry-run", "--allow-loopback", "-u", "other", new_run(1).uuid)
    assert main([*words, *COMMAND]) == 3
    assert "-u other" in capsys.readouterr().err


def test_where_slurm_is_missing_no_run_is_made(
    saved: Farm, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    before = len(saved.runs())
    words = ("--slurm", "1", "--create", "--num-tasks", "3", "--allow-loopback")
    assert main([*words, *COMMAND]) == 1
    assert "there is no sbatch here" in capsys.readouterr().err
    assert len(saved.runs()) == before
    assert list(tmp_path.glob("taskfarm-*")) == []


@pytest.mark.usefixtures("saved")
def test_inputs_that_nodes_cannot_read_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--slurm", "1", "--create", "--inputs", "/dev/null", "--dry-run", "--allow-loopback")
    assert main([*words, *COMMAND]) == 2
    assert "no file that the nodes could read" in capsys.readouterr().err


@pytest.mark.usefixtures("saved")
def test_inputs_are_checked_where_the_workers_are_submitted(
    new_run: NewRun, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "in").write_text("a\n")
    words = ("--slurm", "1", "--inputs", "in", "--dry-run", "--allow-loopback", new_run(2).uuid)
    assert main([*words, *COMMAND]) == 2
    assert "there is 1 input" in capsys.readouterr().err


def test_the_last_lines_are_those_of_the_file_written_to_last(tmp_path: Path) -> None:
    assert last_lines(tmp_path, ["7"]) == ""
    (tmp_path / "7_0.out").write_text("older\n")
    (tmp_path / "8_0.out").write_text("of another array\n")
    newest = tmp_path / "7_1.out"
    newest.write_text("x" * 10_000 + "".join(f"\nline {n}\x1b[2J" for n in range(30)))
    for age_s, name in enumerate(("7_1.out", "8_0.out", "7_0.out")):
        written_at = 1_700_000_000 - age_s
        os.utime(tmp_path / name, (written_at, written_at))
    lines = last_lines(tmp_path, ["7"]).splitlines()
    assert lines[-1] == "line 29\\x1b[2J"
    assert len(lines) == 12
