"""share/ is what the parsers give, and the check of it says what is not."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.shells import SHARE


def checked(share: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "shell", "--share", str(share), *options],
        cwd=SHARE.parent,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def share(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHARE, tmp_path / "share"))


def test_the_files_are_what_the_parsers_give(share: Path) -> None:
    done = checked(share, "--check")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_file_that_was_edited_is_shown(share: Path) -> None:
    page = share / "man" / "man1" / "workTF.1"
    page.write_text(page.read_text().replace("--chunk".replace("-", r"\-"), "--lump"))
    done = checked(share, "--check")
    assert done.returncode == 1
    assert "--- share/man/man1/workTF.1" in done.stderr
    assert "--lump" in done.stderr
    assert done.stderr.endswith("share/ is not what the parsers give: run 'make shell'\n")


def test_a_file_too_many_and_one_that_is_missing_are_shown(share: Path) -> None:
    (share / "man" / "man1" / "workTF.1").rename(share / "man" / "man1" / "oldTF.1")
    done = checked(share, "--check")
    assert done.returncode == 1
    assert {"--- share/man/man1/oldTF.1", "--- share/man/man1/workTF.1"} <= set(
        done.stderr.splitlines()
    )


def test_making_them_mends_all_of_that(share: Path) -> None:
    (share / "man" / "man1" / "workTF.1").rename(share / "man" / "man1" / "oldTF.1")
    assert checked(share).returncode == 0
    assert checked(share, "--check").returncode == 0


def test_they_do_not_depend_on_the_width_of_a_terminal(
    share: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    assert checked(share, "--check").returncode == 0
