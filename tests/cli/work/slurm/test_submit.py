"""Submission by --slurm: what it refuses, and what --dry-run shows; no Slurm is needed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from taskfarm_cli.work.main import main
from taskfarm_cli.work.slurm import advice, submit
from taskfarm_cli.work.slurm.submit import last_lines
from taskfarm_sdk import Farm, _run_notes
from taskfarm_sdk.logins import save_login
from taskfarm_sdk.testing import LocalServer
from tests.support.fake_slurm import SUBMITTED, FakeSlurm, refusing
from tests.support.hostile_values import HOSTILE
from tests.support.processes import NET_S
from tests.support.work_tf import NewRun

pytestmark = pytest.mark.live
COMMAND = ("--", "echo", "{task}")
SLURM = ("--allow-loopback", "--slurm")


@pytest.fixture
def saved(live_farm: Farm, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Farm:
    """A farm whose login is saved, and a folder to work in with no Slurm on the PATH."""
    save_login(live_farm.url, live_farm.user or "", live_farm.login())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/nowhere")
    return live_farm


@pytest.fixture
def slurm(saved: Farm, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeSlurm:
    """Commands in the place of Slurm's, on the PATH."""
    assert saved.url
    fake = FakeSlurm(tmp_path / "slurm")
    monkeypatch.setenv("PATH", f"{tmp_path / 'slurm'}:/bin:/usr/bin")
    return fake


def test_the_script_of_a_dry_run_computes_the_items_of_words_and_executes_none(
    saved: Farm,
    monkeypatch: pytest.MonkeyPatch,
    capsysbinary: pytest.CaptureFixture[bytes],
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("PATH", "/bin:/usr/bin")
    Path("go.sh").write_text('printf %s "$1" > "out-$TASKFARM_ITEM"\n')
    command = (":::", *HOSTILE, "--", "sh", "go.sh", "{1}")
    assert main(["--create", "--chunk=5", "-j1", "--max-tasks=1", *command]) == 7
    (kept,) = tmp_path.glob("taskfarm-*.json")
    uuid = kept.stem.removeprefix("taskfarm-")
    capsysbinary.readouterr()
    # The manifest tells the chunk here, and the script tells it to the nodes.
    assert main([*SLURM, "1", "--dry-run", uuid, *command]) == 0
    script = capsysbinary.readouterr().out
    assert b" --chunk=4 " in script
    subprocess.run(["/bin/bash"], input=script, check=True, timeout=NET_S)
    found = [Path(f"out-{item}").read_text() for item in range(len(HOSTILE))]
    assert found == list(HOSTILE)
    assert not Path("owned").exists()
    assert saved.get_run(uuid).status().succeeded


def test_a_dry_run_prints_the_script_and_makes_nothing(
    saved: Farm, new_run: NewRun, capsysbinary: pytest.CaptureFixture[bytes], tmp_path: Path
) -> None:
    uuid = new_run(3).uuid
    words = ("--slurm", "4", "-j2", "--time", "5", "--allow-loopback", "--dry-run")
    assert main([*words, uuid, *COMMAND]) == 0
    printed = capsysbinary.readouterr()
    lines = printed.out.decode().splitlines()
    assert lines[0] == ("#!/bin/bash" if Path("/bin/bash").exists() else "#!/bin/sh")
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
    assert "the nodes cannot read" in capsys.readouterr().err


@pytest.mark.usefixtures("saved")
def test_inputs_are_checked_where_the_workers_are_submitted(
    new_run: NewRun, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "in").write_text("a\n")
    words = ("--slurm", "1", "--inputs", "in", "--dry-run", "--allow-loopback", new_run(2).uuid)
    assert main([*words, *COMMAND]) == 2
    assert "there is 1 input" in capsys.readouterr().err


@pytest.mark.usefixtures("saved")
def test_without_bash_the_script_is_for_sh(
    new_run: NewRun, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submit, "BASH", "/nowhere/bash")
    words = ("--slurm", "1", "--allow-loopback", "--dry-run", new_run(1).uuid)
    assert main([*words, *COMMAND]) == 0
    assert capsys.readouterr().out.startswith("#!/bin/sh\n")


@pytest.mark.parametrize("keep", [(), ("--keep",)])
def test_a_finished_run_gets_no_worker(
    slurm: FakeSlurm, new_run: NewRun, capsys: pytest.CaptureFixture[str], keep: tuple[str, ...]
) -> None:
    run = new_run(2)
    for task in run.worker():
        task.complete()
    assert main([*SLURM, "20", *keep, run.uuid, *COMMAND]) == 0
    printed = capsys.readouterr()
    assert printed.out == ""
    assert f"run {run.uuid} is finished, so no worker is submitted" in printed.err
    assert "2 of 2 done" in printed.err
    assert slurm.submissions == 0


def test_a_finished_run_with_failed_tasks_gets_no_worker_and_ends_it_with_5(
    slurm: FakeSlurm, new_run: NewRun
) -> None:
    run = new_run(1)
    for task in run.worker():
        task.fail("no", final=True)
    assert main([*SLURM, "20", run.uuid, *COMMAND]) == 5
    assert slurm.submissions == 0


@pytest.mark.parametrize("keep", [(), ("--keep",)])
@pytest.mark.parametrize("when", ["before the run is made", "after"])
def test_where_slurm_refuses_nothing_is_left(
    slurm: FakeSlurm,
    saved: Farm,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    keep: tuple[str, ...],
    when: str,
) -> None:
    refusal = refusing("invalid partition specified: none")
    (slurm.answer_submissions if when == "after" else slurm.answer_tests)(refusal)
    before = {run.uuid for run in saved.runs()}
    words = (*SLURM, "1", *keep, "--create", "--num-tasks", "3", "--sbatch-args", "-p none")
    assert main([*words, *COMMAND]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "invalid partition specified: none; sinfo lists the partitions" in printed.err
    assert ("was deleted" in printed.err) == (when == "after")
    assert {run.uuid for run in saved.runs()} == before
    assert list(tmp_path.glob("taskfarm-*")) == []
    assert list(_run_notes.all_notes()) == []


def test_where_the_folder_for_output_cannot_be_made_nothing_is_left(
    slurm: FakeSlurm,
    saved: Farm,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(submit, "_folder", lambda uuid: tmp_path / "file" / uuid)
    before = len(saved.runs())
    assert main([*SLURM, "1", "--create", "--num-tasks", "3", *COMMAND]) == 1
    assert "cannot create the folder" in capsys.readouterr().err
    assert (len(saved.runs()), slurm.submissions) == (before, 0)
    assert list(tmp_path.glob("taskfarm-*")) == []


def test_where_slurm_refuses_workers_of_a_run_that_was_there_the_run_stays(
    slurm: FakeSlurm, new_run: NewRun, tmp_path: Path
) -> None:
    slurm.answer_submissions(refusing("invalid partition specified: none"))
    run = new_run(1)
    assert main([*SLURM, "1", run.uuid, *COMMAND]) == 1
    assert run.status().waiting == 1
    assert list(tmp_path.glob("taskfarm-*")) == []


def test_a_run_whose_array_may_be_submitted_stays(
    slurm: FakeSlurm, saved: Farm, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    slurm.answer_submissions(refusing("Socket timed out on send/recv operation"))
    assert main([*SLURM, "1", "--create", "--num-tasks", "1", *COMMAND]) == 1
    assert "timed out" in capsys.readouterr().err
    (manifest,) = tmp_path.glob("taskfarm-*.json")
    saved.get_run(manifest.stem.removeprefix("taskfarm-")).delete()


def test_a_test_that_says_that_no_node_is_free_now_is_only_a_warning(
    slurm: FakeSlurm, saved: Farm, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    slurm.answer_tests(refusing("Requested node configuration is not available"))
    assert main([*SLURM, "1", "--create", "--num-tasks", "1", *COMMAND]) == 0
    printed = capsys.readouterr()
    assert printed.out == f"{SUBMITTED}\n"
    assert "may have to wait, perhaps forever" in printed.err
    (manifest,) = tmp_path.glob("taskfarm-*.json")
    saved.get_run(manifest.stem.removeprefix("taskfarm-")).delete()


def test_an_array_larger_than_the_cluster_takes_is_refused_before_a_run_is_made(
    slurm: FakeSlurm, saved: Farm, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    before = len(saved.runs())
    assert main([*SLURM, "2000", "--create", "--num-tasks", "3", *COMMAND]) == 2
    said = capsys.readouterr().err
    assert "--slurm 2000 exceeds this cluster's limit for arrays, 1001" in said
    assert "MaxArraySize" in said
    assert (len(saved.runs()), slurm.submissions) == (before, 0)
    assert list(tmp_path.glob("taskfarm-*")) == []


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("x", "x (from --sbatch-args), all of them to this one file"),
        ("x-%A_%a", "x-%A_%a (from --sbatch-args)\n"),
    ],
)
@pytest.mark.usefixtures("slurm")
def test_output_that_goes_elsewhere_is_told_and_no_folder_is_made(
    new_run: NewRun, capsys: pytest.CaptureFixture[str], tmp_path: Path, output: str, said: str
) -> None:
    words = (*SLURM, "2", "--sbatch-args", f"-o {output}", new_run(3).uuid)
    assert main([*words, *COMMAND]) == 0
    assert f"they write to {said}" in capsys.readouterr().err
    assert list(tmp_path.glob("taskfarm-*")) == []


@pytest.mark.parametrize(
    ("folder", "local"),
    [("/tmp", True), ("/tmp/a", True), ("/dev/shm/a", True), ("/tmpfs", False), ("/home/a", False)],
)
def test_a_folder_that_nodes_hardly_share_is_known(folder: str, *, local: bool) -> None:
    assert advice.is_local(folder) == local
    assert advice.LAUNCH_FAILURE in advice.of_local_folder(folder)


def test_the_last_lines_are_those_of_the_file_written_to_last(tmp_path: Path) -> None:
    output = f"{tmp_path}/%A_%a.out"
    assert last_lines(output, ["7"]) == ""
    (tmp_path / "7_0.out").write_text("older\n")
    (tmp_path / "8_0.out").write_text("of another array\n")
    newest = tmp_path / "7_1.out"
    newest.write_text("x" * 10_000 + "".join(f"\nline {n}\x1b[2J" for n in range(30)))
    for age_s, name in enumerate(("7_1.out", "8_0.out", "7_0.out")):
        written_at = 1_700_000_000 - age_s
        os.utime(tmp_path / name, (written_at, written_at))
    lines = last_lines(output, ["7"]).splitlines()
    assert lines[-1] == "line 29\\x1b[2J"
    assert len(lines) == 12


def test_the_last_lines_are_found_where_the_user_sends_them(tmp_path: Path) -> None:
    (tmp_path / "100%[x]-7.out").write_text("here\n")
    assert last_lines(f"{tmp_path}/100%%[x]-%j.out", ["7"]) == "here"
    assert last_lines(f"{tmp_path}/100%%[x]-%A.out", ["7"]) == "here"
    assert last_lines(f"{tmp_path}/100%%[x]-%A.out", ["8"]) == ""


def test_who_keeps_workers_calls_no_run_done_whose_output_the_folder_lacks(
    slurm: FakeSlurm,
    saved: Farm,
    new_run: NewRun,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def keep(*_: object, **__: object) -> None:
        """Have workers elsewhere compute all, into folders of their own."""
        (run,) = (run for run in saved.runs() if run.uuid not in before)
        for task in saved.get_run(run.uuid).worker():
            task.complete()

    before = {run.uuid for run in saved.runs()} | {new_run(1).uuid}
    monkeypatch.setattr(submit, "_keep", keep)
    words = (*SLURM, "1", "--keep", "--create", "--chunk", "2", "--results", "here")
    assert main([*words, ":::", "a", "b", "c", "--", "echo", "{1}"]) == 1
    said = capsys.readouterr().err
    assert "here has no success of 3 items, though the server calls all tasks done" in said
    assert "3 of 3 items done" in said
    assert slurm.submissions == 0
