"""Completion in real shells: options, files, runs from the notes, and nothing that a name says."""

from __future__ import annotations

import json
import os
import uuid
from pathlib import Path

import pytest

from taskfarm_sdk import _run_notes
from taskfarm_sdk.logins import login_file
from tests.shell.conftest import HOSTILE, Home
from tests.support.shells import SHELLS, line_after, loading, offered

in_each_shell = pytest.mark.parametrize("shell", SHELLS)


@in_each_shell
@pytest.mark.parametrize(
    "line",
    [
        "manageTF ",
        "manageTF --info ",
        "manageTF -n 3 ",
        "manageTF -b http://localhost:5000/api/ -i ",
        "manageTF --reset-task 1,3-4 --json ",
        "workTF -j 4 ",
    ],
)
def test_runs_are_offered_where_a_uuid_belongs_the_newest_first(
    home: Home, shell: str, line: str
) -> None:
    assert offered(shell, line, home.environment)[: len(home.runs)] == home.runs


@in_each_shell
def test_the_beginning_of_a_uuid_chooses(home: Home, shell: str) -> None:
    wanted = home.runs[1]
    assert offered(shell, f"manageTF --watch {wanted[:12]}", home.environment) == [wanted]


@in_each_shell
@pytest.mark.parametrize("line", ["manageTF --watch ", "workTF ", "viewTF "])
def test_a_name_is_offered_before_the_uuid_of_its_run(home: Home, shell: str, line: str) -> None:
    for name in ("sweep", "Sweep-2.b_c", "x" * 64):
        home.note(uuid.uuid4().hex, name)
    assert offered(shell, line, home.environment)[: len(home.words)] == home.words


@in_each_shell
def test_the_beginning_of_a_name_chooses(home: Home, shell: str) -> None:
    for name in ("sweep-1", "sweep-2", "other"):
        home.note(uuid.uuid4().hex, name)
    assert offered(shell, "manageTF --info sw", home.environment) == ["sweep-2", "sweep-1"]


@in_each_shell
def test_two_thousand_runs_are_offered(home: Home, shell: str) -> None:
    folder = _run_notes.notes_folder()
    for number in range(2000):
        (folder / f"run-{number}@{number:032x}.json").touch()
    found = offered(shell, "manageTF --info run-", home.environment)
    assert len(found) == 2000


@in_each_shell
def test_what_stands_where_a_name_would_is_neither_run_nor_offered(home: Home, shell: str) -> None:
    folder = _run_notes.notes_folder()
    run = "0123456789abcdef" * 2
    for name in HOSTILE:
        for file in (f"{name}@{run}.json", f"x{name}@{run}.json", f"x@{name}@{run}.json"):
            (folder / file.replace("/", "_")).write_text("{}")
    found = offered(shell, "manageTF --info ", home.environment)
    assert [word for word in found if word.replace("\n", "")] == home.runs


@in_each_shell
def test_notes_beside_the_logins_are_found_too(home: Home, shell: str) -> None:
    old = "0123456789abcdef" * 2
    folder = login_file().parent / "runs"
    folder.mkdir(parents=True)
    (folder / f"{old}.json").write_text("{}")
    assert old in offered(shell, "manageTF --info ", home.environment)


@in_each_shell
def test_without_notes_nothing_is_offered_and_nothing_complains(home: Home, shell: str) -> None:
    for run in home.runs:
        _run_notes.forget(run)
    assert offered(shell, "manageTF --info 0", home.environment) in ([], ["0"])


@in_each_shell
@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_in_the_folder_of_notes_is_neither_run_nor_offered(
    home: Home, shell: str, name: str
) -> None:
    folder = _run_notes.note_path(home.runs[0]).parent
    for file in (f"{name}.json", f"{home.runs[0]}{name}.json", f"{name}{home.runs[0]}.json"):
        (folder / file.replace("/", "_")).write_text("{}")
    found = offered(shell, "manageTF --info ", home.environment)
    assert [word for word in found if word.replace("\n", "")] == home.runs


@in_each_shell
def test_what_a_note_contains_is_neither_run_nor_offered(home: Home, shell: str) -> None:
    path = _run_notes.note_path(home.runs[0])
    facts = json.loads(path.read_text())
    for place, text in zip(facts, [*HOSTILE, *HOSTILE], strict=False):
        facts[place] = text
    stamp = path.stat().st_mtime
    path.write_text(json.dumps(facts))
    os.utime(path, (stamp, stamp))
    assert offered(shell, "manageTF --info ", home.environment) == home.runs


@in_each_shell
@pytest.mark.parametrize("name", [name for name in HOSTILE if "\n" not in name])
def test_a_file_is_offered_under_its_name_and_not_run(home: Home, shell: str, name: str) -> None:
    folder = home.folder / "files"
    folder.mkdir()
    (folder / f"in{name}").touch()
    found = offered(shell, "workTF --inputs files/i", home.environment)
    assert found == [f"files/in{name}"]


@in_each_shell
def test_a_folder_is_offered_where_one_belongs(home: Home, shell: str) -> None:
    (home.folder / "my folder").mkdir()
    (home.folder / "my file").touch()
    (found,) = offered(shell, "workTF --results my", home.environment)
    assert found.rstrip("/") == "my folder"


@in_each_shell
def test_options_are_offered(home: Home, shell: str) -> None:
    found = offered(shell, "manageTF --rese", home.environment)
    assert {word.rstrip("=") for word in found} == {
        "--reset",
        "--reset-failed",
        "--reset-all",
        "--reset-task",
    }


@in_each_shell
def test_the_values_of_an_option_are_offered(home: Home, shell: str) -> None:
    found = offered(shell, "manageTF --tasks --state ", home.environment)
    assert set(found) == {"waiting", "computing", "done", "failed"}


@in_each_shell
@pytest.mark.parametrize("program", ["manageTF", "workTF", "serveTF", "viewTF"])
def test_each_command_completes(home: Home, shell: str, program: str) -> None:
    assert "--version" in offered(shell, f"{program} --ver", home.environment)


@in_each_shell
def test_behind_the_dashes_the_command_is_completed(home: Home, shell: str) -> None:
    for name in ("simulate-this", "simulate-that"):
        program = home.folder / "bin" / name
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    found = offered(shell, "workTF --create --inputs f -- simulate-th", home.environment)
    assert set(found) == {"simulate-this", "simulate-that"}


@in_each_shell
def test_behind_the_dashes_the_words_of_the_command_are_files(home: Home, shell: str) -> None:
    (home.folder / "model.py").touch()
    run = home.runs[0]
    assert offered(shell, f"workTF {run} -- nosuch mod", home.environment) == ["model.py"]


@in_each_shell
def test_typed_words_are_not_run(home: Home, shell: str) -> None:
    for typed in ("$(touch BAD) ", "a[$(touch BAD)] ", "'`touch BAD`' "):
        if shell == "fish":
            offered(shell, f"manageTF {typed}", home.environment)
        else:
            line_after(shell, f"manageTF {typed}", home.environment, loading(shell))
    assert not (home.folder / "BAD").exists()


@in_each_shell
def test_files_are_offered_behind_an_equals_sign_too(home: Home, shell: str) -> None:
    Path("inputs.txt").touch()
    (found,) = offered(shell, "workTF --inputs=inp", home.environment)
    assert found.removeprefix("--inputs=") == "inputs.txt"
