"""The manifest of a run: from any folder, other inputs than the run's own are refused."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from taskfarm_cli.common import run_files
from taskfarm_cli.manage.main import main as manage
from taskfarm_cli.work.main import main
from taskfarm_sdk import Farm, _run_notes
from taskfarm_sdk._run_notes import RunNote
from taskfarm_sdk.logins import login_file, save_login
from tests.support.work_tf import NewRun, WorkTF, run_work_tf

pytestmark = [pytest.mark.live, pytest.mark.long]
Made = Callable[..., str]


@pytest.fixture
def made(work_folder: Path) -> Made:
    """Creates a run of inputs, of which one task is done, in the folder `here`."""

    def make(*inputs: str) -> str:
        (work_folder / "in").write_text("".join(f"{item}\n" for item in inputs))
        words = ("--create", "--inputs", "in", "--max-tasks", "1", "--", "echo", "{input}")
        done = run_work_tf(*words, cwd=work_folder)
        assert done.returncode == 7, done.stderr
        return done.stderr.partition("run ")[2][:32]

    return make


@pytest.fixture
def elsewhere(work_folder: Path) -> WorkTF:
    """Runs workTF in another folder."""
    folder = work_folder.parent / "there"
    folder.mkdir()
    return partial(run_work_tf, cwd=folder)


def waiting(farm: Farm, uuid: str) -> int:
    return farm.get_run(uuid).status().waiting


@pytest.mark.parametrize("where", ["another folder", "the same, without its manifest"])
def test_other_inputs_are_refused_from_any_folder_and_nothing_is_computed(
    made: Made, elsewhere: WorkTF, work_folder: Path, live_farm: Farm, where: str
) -> None:
    uuid = made("a", "b", "c")
    (work_folder / f"taskfarm-{uuid}.json").unlink()
    work = elsewhere if where == "another folder" else partial(run_work_tf, cwd=work_folder)
    other = work(uuid, "--inputs", "-", "--", "echo", "{input}", stdin="x\ny\nz\n")
    assert (other.returncode, other.stdout) == (2, "")
    assert f"these inputs are not those of run {uuid}" in other.stderr
    assert "SHA-256" in other.stderr
    assert f"created in {work_folder} at 20" in other.stderr
    assert "create another run with --create" in other.stderr
    none = work(uuid, "--", "echo")
    assert (none.returncode, "give them with --inputs" in none.stderr) == (2, True)
    fewer = work(uuid, "--inputs", "-", "--", "echo", "{input}", stdin="x\n")
    assert (fewer.returncode, "there is 1 input" in fewer.stderr) == (2, True)
    assert str(work_folder) in fewer.stderr
    assert waiting(live_farm, uuid) == 2
    live_farm.get_run(uuid).delete()


def test_the_same_inputs_are_taken_in_any_folder_with_any_command(
    made: Made, elsewhere: WorkTF
) -> None:
    uuid = made("a", "b", "c")
    done = elsewhere(uuid, "--inputs", "-", "-j1", "--", "echo", "<{input}>", stdin="a\nb\nc\n")
    assert (done.returncode, done.stdout) == (0, "<b>\n<c>\n"), done.stderr


def test_a_run_made_without_inputs_takes_none(elsewhere: WorkTF, live_farm: Farm) -> None:
    words = ("--create", "--num-tasks", "2", "--max-tasks", "1", "--", "true")
    uuid = elsewhere(*words).stderr.partition("run ")[2][:32]
    other = elsewhere(uuid, "--inputs", "-", "--", "echo", "{input}", stdin="x\ny\n")
    assert (other.returncode, "created without inputs" in other.stderr) == (2, True)
    live_farm.get_run(uuid).delete()


def test_a_cluster_is_refused_other_inputs_before_anything_is_submitted(
    made: Made, elsewhere: WorkTF, work_folder: Path, live_farm: Farm
) -> None:
    save_login(live_farm.url, live_farm.user or "", live_farm.login())
    uuid = made("a", "b")
    (work_folder.parent / "there" / "in").write_text("x\ny\n")
    words = ("--slurm", "1", "--allow-loopback", "--dry-run", uuid, "--inputs", "in")
    done = elsewhere(*words, "--", "echo", "{input}")
    assert (done.returncode, done.stdout) == (2, "")
    assert "these inputs are not those" in done.stderr
    live_farm.get_run(uuid).delete()


def test_the_note_is_for_its_owner_alone_and_holds_no_input(made: Made, live_farm: Farm) -> None:
    uuid = made("the-input", "b")
    path = _run_notes.note_path(uuid)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    text = path.read_text()
    assert "the-input" not in text
    assert json.loads(text)["command"] == ["echo", "{input}"]
    live_farm.get_run(uuid).delete()


def test_the_file_beside_the_work_is_gone_when_all_of_it_succeeded(
    made: Made, elsewhere: WorkTF, work_folder: Path, live_farm: Farm
) -> None:
    uuid = made("a", "b")
    beside = work_folder / f"taskfarm-{uuid}.json"
    failed = elsewhere(uuid, "--inputs", "-", "--max-attempts", "1", "--", "false", stdin="a\nb\n")
    assert failed.returncode == 5
    assert beside.exists(), "failed tasks may be tried again"
    live_farm.get_run(uuid).reset_failed()
    assert elsewhere(uuid, "--inputs", "-", "--", "true", stdin="a\nb\n").returncode == 0
    assert list(work_folder.glob("*taskfarm-*")) == []
    note = _run_notes.find(uuid)
    assert note is not None
    assert note.finished


def test_a_run_that_is_finished_does_not_keep_the_same_work_from_being_made_again(
    work_tf: WorkTF, live_farm: Farm
) -> None:
    words = ("--create", "--num-tasks", "1", "--", "true")
    first, second = work_tf(*words), work_tf(*words)
    assert (first.returncode, second.returncode) == (0, 0), second.stderr
    again = live_farm.get_run(second.stderr.partition("run ")[2][:32])
    again.reset_all()
    assert work_tf(*words).returncode == 0, "it was finished, which is what the note says"
    again.delete()


def test_what_was_kept_of_a_run_is_gone_when_it_is_deleted_from_any_folder(
    made: Made, work_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uuid = made("a", "b")
    other = work_folder / "taskfarm-notes.json"
    other.write_text("{}")
    monkeypatch.chdir("/")
    assert manage(["--delete", uuid, "--yes"]) == 0
    assert list(_run_notes.all_notes()) == []
    assert list(work_folder.glob("taskfarm-*")) == [other]


def test_where_no_note_can_be_written_the_work_goes_on_and_that_is_said_once(
    work_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = work_folder / "file"
    blocked.write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(blocked))
    done = run_work_tf("--create", "--num-tasks", "2", "--", "true", cwd=work_folder)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("cannot be noted in") == 1


def test_where_the_folder_cannot_be_written_the_run_is_made_and_that_is_said(
    work_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(note: RunNote) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), "x")

    monkeypatch.setattr(run_files, "write", refuse)
    assert main(["--create", "--num-tasks", "1", "-j1", "--", "true"]) == 0
    said = capsys.readouterr().err
    assert f"cannot write the run's manifest to {work_folder}: Read-only file system" in said


def test_a_run_whose_items_a_function_computes_is_not_for_commands(
    new_run: NewRun, work_tf: WorkTF
) -> None:
    run = new_run(2)
    note = RunNote(
        run=run.uuid,
        url="http://x.invalid/",
        num_tasks=2,
        items=20,
        chunk=10,
        function="simulate",
        results="/data/my sweep",
    )
    _run_notes.write(note)
    done = work_tf(run.uuid, "--", "true")
    assert done.returncode == 2
    assert "`workTF --join '/data/my sweep'` computes them" in done.stderr
    assert run.status().waiting == 2


def test_a_note_of_an_earlier_version_beside_the_login_still_counts(
    made: Made, elsewhere: WorkTF, work_folder: Path, live_farm: Farm
) -> None:
    uuid = made("a", "b")
    (work_folder / f"taskfarm-{uuid}.json").unlink()
    path = _run_notes.note_path(uuid)
    facts = json.loads(path.read_text())
    path.unlink()
    earlier = ("run", "url", "command", "shell", "num_tasks", "inputs_sha256", "folder", "time")
    there = login_file().parent / "runs" / path.name
    there.parent.mkdir(parents=True)
    there.write_text(json.dumps({name: facts[name] for name in earlier}))
    other = elsewhere(uuid, "--inputs", "-", "--", "echo", "{input}", stdin="x\ny\n")
    assert other.returncode == 2
    assert f"as {there} says" in other.stderr
    live_farm.get_run(uuid).delete()


@pytest.mark.parametrize("text", ["[]", '{"run": 1}', "\udcff"])
def test_a_note_that_is_none_is_passed_over(made: Made, elsewhere: WorkTF, text: str) -> None:
    uuid = made("a", "b")
    _run_notes.note_path(uuid).write_bytes(text.encode(errors="surrogateescape"))
    assert elsewhere(uuid, "--inputs", "-", "--", "true", stdin="x\ny\n").returncode == 0


def test_the_same_work_is_not_made_twice_though_the_folders_manifest_is_gone(
    made: Made, work_folder: Path, live_farm: Farm
) -> None:
    uuid = made("a", "b")
    (work_folder / f"taskfarm-{uuid}.json").unlink()
    words = ("--create", "--inputs", "in", "--max-tasks", "1", "--", "echo", "{input}")
    again = run_work_tf(*words, cwd=work_folder)
    assert (again.returncode, uuid in again.stderr) == (2, True)
    live_farm.get_run(uuid).delete()
