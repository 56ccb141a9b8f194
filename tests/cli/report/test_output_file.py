"""The report's file: whole or not at all, and refused before the server is asked."""

from __future__ import annotations

import errno
import os
import stat
import sys
from pathlib import Path

import pytest

from taskfarm_cli.common.exit_status import CommandError, UsageError
from taskfarm_cli.report.output_file import OutputFile

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs Unix's files")


def test_the_content_replaces_what_was_there(tmp_path: Path) -> None:
    place = tmp_path / "out.html"
    place.write_text("old")
    with OutputFile(str(place)) as file:
        assert place.read_text() == "old"
        file.replace("new … \ud800")
    assert place.read_text() == "new … \\ud800"
    assert list(tmp_path.iterdir()) == [place]


def test_what_was_there_stays_if_nothing_is_written(tmp_path: Path) -> None:
    place = tmp_path / "out.html"
    place.write_text("old")
    with pytest.raises(KeyboardInterrupt), OutputFile(str(place)):
        raise KeyboardInterrupt
    assert place.read_text() == "old"
    assert list(tmp_path.iterdir()) == [place]


def test_a_disk_that_is_found_full_in_the_end_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: int) -> None:
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))

    place = tmp_path / "out.html"
    place.write_text("old")
    monkeypatch.setattr(os, "fsync", fail)
    with (
        pytest.raises(CommandError, match="cannot be written to .*out.html.*Disk quota exceeded"),
        OutputFile(str(place)) as file,
    ):
        file.replace("new")
    assert place.read_text() == "old"
    assert list(tmp_path.iterdir()) == [place]


@posix
@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_the_mode_is_as_the_umask_says(tmp_path: Path, mask: int, mode: int) -> None:
    before = os.umask(mask)
    try:
        with OutputFile(str(tmp_path / "out.html")) as file:
            file.replace("")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "out.html").stat().st_mode) == mode


@posix
def test_a_link_stays_and_leads_to_the_new_file(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "link.html").symlink_to("sub/out.html")
    with OutputFile(str(tmp_path / "link.html")) as file:
        file.replace("new")
    assert (tmp_path / "link.html").is_symlink()
    assert (tmp_path / "sub" / "out.html").read_text() == "new"


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder: name a file"):
        OutputFile(str(tmp_path))


@posix
def test_a_device_or_pipe_is_refused_and_stays(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for place in ("/dev/null", str(tmp_path / "pipe")):
        with pytest.raises(UsageError, match="is no regular file"):
            OutputFile(place)


def test_an_empty_name_is_refused() -> None:
    with pytest.raises(UsageError, match="is a shell variable unset"):
        OutputFile("")


@pytest.mark.parametrize("name", ["missing/out.html", "a\0b", "x" * 300])
def test_a_place_where_no_file_can_be_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(CommandError, match="the report cannot be written to .*: name a file in"):
        OutputFile(str(tmp_path / name))


@posix
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_a_full_disk_is_an_error_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        pytest.raises(CommandError, match="No space left on device"),
        OutputFile(str(tmp_path / "out.html")) as file,
    ):
        full = os.open("/dev/full", os.O_WRONLY)
        os.dup2(full, file._descriptor)
        os.close(full)
        file.replace("content")
    assert list(tmp_path.iterdir()) == []
