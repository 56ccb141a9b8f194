"""`--jobs-file`: what a file says, and what a look at it changes."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.work import jobs_file
from taskfarm_cli.work.jobs_file import JobsFile, check, followed, parsed
from taskfarm_sdk import TaskfarmError
from taskfarm_sdk.execution.parts import Jobs
from tests.support.processes import NET_S, wait_until


@pytest.mark.parametrize(
    ("content", "number"),
    [
        (b"4\n", 4),
        (b"0\n", 0),
        (b" 12 \r\n\n", 12),
        (b"007\n", 7),
        (b"4", 4),
        (b"", None),
        (b"\n", None),
        (b"-1\n", None),
        (b"+1\n", None),
        (b"1.5\n", None),
        (b"4 jobs\n", None),
        (b"4\n5\n", None),
        (b"1_0\n", None),
        ("٣\n".encode(), None),
        (b"\xff\xfe", None),
        (b"1234567\n", None),
    ],
)
def test_a_file_says_a_whole_number_or_nothing(content: bytes, number: int | None) -> None:
    assert parsed(content).number == number


def test_only_a_line_end_says_that_no_digit_is_missing() -> None:
    assert [parsed(text).is_whole for text in (b"1", b"1 ", b"1\n", b"1\r\n")] == [
        False,
        False,
        True,
        True,
    ]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The file."""
    return tmp_path / "jobs.txt"


@pytest.fixture
def said() -> list[str]:
    """What was said."""
    return []


@pytest.fixture
def file(path: Path, said: list[str]) -> JobsFile:
    """The number in the file, without what was said of the first one."""
    path.write_text("2\n")
    file = JobsFile(str(path), said.append)
    assert file.first(lambda: 9) == 2
    assert said.pop() == f"2 jobs at a time, as {path} says"
    return file


def test_what_is_written_counts_at_the_next_look(
    file: JobsFile, path: Path, said: list[str]
) -> None:
    numbers = []
    for text in ("5\n", "5\n", "0\n", "1\n"):
        path.write_text(text)
        numbers.append(file.look())
    assert numbers == [5, 5, 0, 1]
    assert said == [
        f"5 jobs at a time, as {path} says",
        f"paused, as {path} says: running commands go on, and no task is claimed",
        f"1 job at a time, as {path} says",
    ]


def test_a_change_counts_though_the_time_of_the_file_stays(file: JobsFile, path: Path) -> None:
    before = path.stat().st_mtime_ns
    path.write_text("3\n")
    os.utime(path, ns=(before, before))
    assert file.look() == 3


def test_a_file_that_takes_its_place_counts(file: JobsFile, path: Path) -> None:
    new = path.with_name("new")
    new.write_text("7\n")
    new.replace(path)
    assert file.look() == 7


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "is empty"),
        ("many\n", "holds no number of jobs (0, 1, 2, …)"),
        ("1" * 100, "holds no number of jobs (0, 1, 2, …)"),
    ],
)
def test_what_is_no_number_keeps_the_last_one_and_is_told_once(
    file: JobsFile, path: Path, said: list[str], text: str, fault: str
) -> None:
    path.write_text(text)
    assert [file.look() for _ in range(4)] == [2] * 4
    assert said == [f"{path} {fault}: 2 jobs at a time until it says a number"]
    path.write_text("3\n")
    assert file.look() == 3
    path.write_text(text)
    assert [file.look() for _ in range(3)] == [3] * 3
    assert len(said) == 3


def test_what_an_editor_shows_for_a_moment_changes_and_says_nothing(
    file: JobsFile, path: Path, said: list[str]
) -> None:
    path.unlink()
    assert file.look() == 2
    path.write_text("")
    assert file.look() == 2
    path.write_text("1")  # of "16\n"
    assert file.look() == 2
    path.write_text("16\n")
    assert file.look() == 16
    assert said == [f"16 jobs at a time, as {path} says"]


def test_a_number_without_a_line_end_counts_when_it_stays(file: JobsFile, path: Path) -> None:
    path.write_text("6")
    assert [file.look(), file.look()] == [2, 6]


def test_until_there_is_a_file_the_other_number_counts(path: Path, said: list[str]) -> None:
    file = JobsFile(str(path), said.append)
    assert file.first(lambda: 9) == 9
    assert [file.look(), file.look()] == [9, 9]
    assert said == [f"{path} is not there: 9 jobs at a time until it says a number"]
    path.write_text("1")
    assert [file.look(), file.look()] == [9, 1]


def test_a_file_that_may_not_be_read_keeps_the_last_number(
    file: JobsFile, path: Path, said: list[str]
) -> None:
    path.unlink()
    path.symlink_to(path.name)
    assert [file.look(), file.look()] == [2, 2]
    assert len(said) == 1
    assert said[0].startswith(f"{path} cannot be read (Too many levels of symbolic links): 2 jobs")


def test_a_pipe_without_a_writer_holds_up_nothing(
    file: JobsFile, path: Path, said: list[str]
) -> None:
    path.unlink()
    os.mkfifo(path)
    assert [file.look(), file.look()] == [2, 2]
    assert "is no regular file" in said[0]


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo], ids=["folder", "pipe"])
def test_what_cannot_hold_a_number_is_refused_at_once(path: Path, make: object) -> None:
    assert callable(make)
    make(path)
    with pytest.raises(UsageError, match="is no regular file"):
        check(str(path))


def test_an_empty_name_is_refused_and_a_file_may_come_later(path: Path) -> None:
    check(str(path))
    with pytest.raises(UsageError, match="variable unset"):
        check("")
    with pytest.raises(UsageError, match="Not a directory"):
        check(f"{__file__}/jobs.txt")


class Following:
    """Work that notes the numbers, and lacks threads for many."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def resize(self, size: int) -> None:
        self.sizes.append(size)
        if size > 100:
            raise TaskfarmError("no threads")

    def leave(self) -> None:
        raise AssertionError


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(jobs_file, "LOOK_EVERY_S", 0.01)
    yield
    wait_until(lambda: not any(t.name == "workTF-jobs" for t in threading.enumerate()), NET_S)


@pytest.mark.usefixtures("_quick")
def test_work_follows_the_file_while_it_goes_on(
    file: JobsFile, path: Path, said: list[str]
) -> None:
    jobs, work = Jobs(2), Following()
    paused = threading.Event()
    with jobs.followed_by(work), followed(file, jobs, said.append, paused=paused.set):
        path.write_text("500\n")
        wait_until(lambda: "no threads" in said)
        assert not paused.is_set()
        path.write_text("0\n")
        assert paused.wait(NET_S)
        path.write_text("3\n")
        wait_until(lambda: work.sizes[-1] == 3)
    assert work.sizes == [2, 500, 0, 3]
