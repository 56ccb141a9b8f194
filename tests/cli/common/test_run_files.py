"""The files that describe a run, where nothing can be written."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import attrs
import pytest

from taskfarm_cli.common import run_files
from taskfarm_cli.common.run_files import RunNote

UUID = "7ce1105e5f2b471a829dc9aef6bcfdb0"


def fail(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunNote:
    """The note of a run that is created in a folder of its own."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return RunNote(run=UUID, url="http://farm.invalid/api/", num_tasks=1, items=1, chunk=1)


def test_a_manifest_that_cannot_be_written_leaves_no_part_of_it(
    note: RunNote, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="No space left"):
        run_files.write(note)
    assert list(Path.cwd().iterdir()) == []


def test_a_note_that_cannot_be_removed_is_named(
    note: RunNote, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_files.write_note(note)
    place = run_files.notes_folder() / f"{UUID}.json"
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", fail)
        told = run_files.forget(UUID)
    assert told == (
        f"what is noted about run {UUID} could not be removed: {place} (No space left on device)"
    )
    assert run_files.forget(UUID) is None
    assert run_files.forget(UUID) is None
    assert run_files.history() == []


def test_a_name_that_was_kept_is_that_of_its_run(note: RunNote) -> None:
    run_files.write_note(attrs.evolve(note, name="sweep"))
    assert run_files.is_named(UUID, "sweep")
    assert not run_files.is_named(UUID, "swee")
    assert not run_files.is_named("0" * 32, "sweep")
