"""The manifest of a run: from any folder, other inputs than the run's own are refused."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from taskfarm_cli.common import run_notes
from taskfarm_cli.manage.main import main as manage
from taskfarm_sdk import Farm
from taskfarm_sdk.logins import save_login
from tests.support.work_tf import WorkTF, run_work_tf

pytestmark = pytest.mark.live
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
    path = run_notes.note_path(uuid)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    text = path.read_text()
    assert "the-input" not in text
    assert json.loads(text)["command"] == ["echo", "{input}"]
    live_farm.get_run(uuid).delete()


def test_the_note_is_gone_when_the_run_is_finished(
    made: Made, elsewhere: WorkTF, live_farm: Farm
) -> None:
    uuid = made("a", "b")
    failed = elsewhere(uuid, "--inputs", "-", "--max-attempts", "1", "--", "false", stdin="a\nb\n")
    assert failed.returncode == 5
    assert run_notes.note_path(uuid).exists(), "failed tasks may be tried again"
    live_farm.get_run(uuid).reset_failed()
    assert elsewhere(uuid, "--inputs", "-", "--", "true", stdin="a\nb\n").returncode == 0
    assert list(run_notes.all_notes()) == []


def test_the_note_is_gone_when_the_run_is_deleted(made: Made) -> None:
    uuid = made("a", "b")
    assert manage(["--delete", uuid, "--yes"]) == 0
    assert list(run_notes.all_notes()) == []


def test_the_oldest_notes_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_notes, "MOST_NOTES", 2)
    for number in range(4):
        run_notes.write_note(str(number), "{}")
        os.utime(run_notes.note_path(str(number)), (number, number))
    run_notes.write_note("new", "{}")
    assert [path.stem for path in run_notes.all_notes()] == ["3", "new"]


def test_where_no_note_can_be_written_the_run_is_made_and_that_is_said(
    work_folder: Path, live_farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = work_folder / "file"
    blocked.write_text("")
    monkeypatch.setenv("TASKFARM_CONFIG", str(blocked))
    words = ("--create", "--num-tasks", "2", "--max-tasks", "1", "--", "true")
    done = run_work_tf(*words, cwd=work_folder)
    assert done.returncode == 7, done.stderr
    assert "cannot write the run's manifest to" in done.stderr
    (manifest,) = work_folder.glob("taskfarm-*.json")
    live_farm.get_run(manifest.stem.removeprefix("taskfarm-")).delete()


@pytest.mark.parametrize("text", ["[]", '{"run": 1}', "\udcff"])
def test_a_note_that_is_none_is_passed_over(made: Made, elsewhere: WorkTF, text: str) -> None:
    uuid = made("a", "b")
    run_notes.note_path(uuid).write_bytes(text.encode(errors="surrogateescape"))
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
