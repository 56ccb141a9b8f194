"""A whole file gets a name that no file has: one of many, and nobody sees a part of it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from taskfarm_sdk._processes import naming
from taskfarm_sdk._processes.naming import name_first

pytestmark = pytest.mark.usefixtures("no_links")


@pytest.fixture
def no_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a file system without hard links."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    monkeypatch.setattr(os, "link", refuse)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A whole file."""
    path = tmp_path / "beside"
    path.write_text("whole")
    return path


def named(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_name_appears_with_all_of_the_content(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str | None] = []
    target = file.with_name("name")
    replace = os.replace

    def look(*names: str, **more: int | None) -> None:
        seen.append(target.read_text() if target.exists() else None)
        replace(*names, **more)  # type: ignore[arg-type]
        seen.append(target.read_text())

    monkeypatch.setattr(os, "replace", look)
    assert name_first(str(file), str(target))
    assert seen == [None, "whole"]
    assert named(file.parent) == ["name"]


def test_a_name_in_a_folder_that_is_open(file: Path) -> None:
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        assert name_first("beside", "name", dir_fd=folder)
    finally:
        os.close(folder)
    assert named(file.parent) == ["name"]


def test_a_name_that_another_file_has_stays_its_own(file: Path) -> None:
    target = file.with_name("name")
    target.write_text("first")
    assert not name_first(str(file), str(target))
    assert target.read_text() == "first"


def test_who_comes_while_another_gives_the_name_leaves_it_to_that_one(file: Path) -> None:
    target, token = file.with_name("name"), file.with_name(".name.token")
    token.touch()
    waits: list[float] = []

    def meanwhile(wait_s: float) -> None:
        waits.append(wait_s)
        if len(waits) == 3:
            target.write_text("first")
            token.unlink()

    assert not name_first(str(file), str(target), sleep=meanwhile)
    assert target.read_text() == "first"
    assert len(waits) == 3
    assert named(file.parent) == ["beside", "name"]


def test_where_another_gave_up_the_name_is_free(file: Path) -> None:
    token = file.with_name(".name.token")
    token.touch()
    assert name_first(str(file), str(file.with_name("name")), sleep=lambda _: token.unlink())
    assert named(file.parent) == ["name"]


def test_what_a_killed_process_left_is_named_with_the_way_out(file: Path) -> None:
    token = file.with_name(".name.token")
    token.touch()
    waits: list[float] = []
    with pytest.raises(OSError, match=r"killed left '.*\.name\.token' there, remove it"):
        name_first(str(file), str(file.with_name("name")), sleep=waits.append)
    assert sum(waits) >= naming.LOOKS * naming.LOOK_EVERY_S * 0.99
    assert named(file.parent) == [".name.token", "beside"]


def test_a_name_that_cannot_be_given_leaves_no_token(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        name_first(str(file), str(file.with_name("name")))
    assert named(file.parent) == ["beside"]
