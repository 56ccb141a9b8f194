"""Children that end before they can compute, and the memory that a child shares with its parent."""

from __future__ import annotations

import errno
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import IO

import pytest

from taskfarm_sdk import Task, TaskfarmError
from taskfarm_sdk.execution.children import channel, child
from taskfarm_sdk.execution.children.channel import Job, SharedProgress, slot_file
from taskfarm_sdk.execution.children.child import ChildHandle
from taskfarm_sdk.execution.children.pool import STARTS_MOST, Pool
from taskfarm_sdk.execution.children.script import pack
from taskfarm_sdk.execution.outcome import Completed
from tests.support.handles import NotingHandle

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it uses signals")

JOB = Job(0, 0.0, 0, "ab", "2026-01-01T00:00:00+00:00", is_new=True)


class KilledAtFirst:
    """A function whose process is killed the first times that it is loaded.

    Args:
        starts: the file that the processes are noted in.
        times: how often.
    """

    def __init__(self, starts: Path, times: int) -> None:
        self.starts = starts
        self.times = times

    def __call__(self, task: Task) -> None:
        """Do nothing."""

    def __reduce__(self) -> tuple[Callable[[Path, int], KilledAtFirst], tuple[Path, int]]:
        return load, (self.starts, self.times)


def load(starts: Path, times: int) -> KilledAtFirst:
    """Return the function, or be killed."""
    with starts.open("a") as file:
        file.write(".")
    if starts.stat().st_size <= times:
        os.kill(os.getpid(), signal.SIGKILL)
    return KilledAtFirst(starts, times)


def test_a_child_that_is_killed_as_it_starts_ends_no_work(tmp_path: Path) -> None:
    function = KilledAtFirst(tmp_path / "starts", STARTS_MOST - 1)
    with closing(Pool(pack(function), 1)) as pool:
        assert pool.perform(Task(NotingHandle()), 0) == Completed()
    assert (tmp_path / "starts").stat().st_size == STARTS_MOST


def test_a_function_that_kills_each_child_that_loads_it_ends_the_work(tmp_path: Path) -> None:
    function = KilledAtFirst(tmp_path / "starts", sys.maxsize)
    with (
        closing(Pool(pack(function), 1)) as pool,
        pytest.raises(TaskfarmError, match=r"killed by SIGKILL\) before it loaded the function"),
    ):
        pool.start()
    assert (tmp_path / "starts").stat().st_size == STARTS_MOST


def test_a_machine_that_lacks_processes_for_a_moment_ends_no_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lacking = [OSError(errno.EAGAIN, "no process"), OSError(errno.ENOMEM, "no memory")]
    make = channel.slot_file

    def slot_file_at_last() -> IO[bytes]:
        if lacking:
            raise lacking.pop()
        return make()

    monkeypatch.setattr("taskfarm_sdk.execution.children.pool.slot_file", slot_file_at_last)
    function = KilledAtFirst(tmp_path / "starts", 0)
    with closing(Pool(pack(function), 1)) as pool:
        assert pool.perform(Task(NotingHandle()), 0) == Completed()
    assert not lacking


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device stands for a full disk")
def test_a_full_disk_is_an_error_and_kills_nobody_who_writes_to_the_shared_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    full = partial(open, "/dev/full", "r+b")
    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    with pytest.raises(OSError, match="No space left") as caught:
        slot_file()
    assert caught.value.errno == errno.ENOSPC


@pytest.fixture
def slot() -> Iterator[SharedProgress]:
    """The memory of a child's slot, for its first job."""
    with slot_file() as file:
        slot = SharedProgress(file.fileno())
    slot.begin()
    yield slot
    slot.close()


def test_a_signal_that_the_parent_got_too_ends_the_work(slot: SharedProgress) -> None:
    slot.stop_requested = True
    assert ChildHandle(JOB, slot, lambda: True).ends_soon()
    # Then the work ends for another reason, which fails nothing.
    assert not ChildHandle(JOB, slot, lambda: False).ends_soon()


def test_the_parents_word_is_waited_for_and_not_for_ever(
    slot: SharedProgress, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle = ChildHandle(JOB, slot, lambda: True)
    with monkeypatch.context() as patch:
        patch.setattr(child, "TOLD_WITHIN_S", 0.01)
        assert not handle.ends_soon()

    def tell(_: float) -> None:
        slot.stop_requested = True

    monkeypatch.setattr(child, "TOLD_WITHIN_S", sys.maxsize)
    monkeypatch.setattr(time, "sleep", tell)
    assert handle.ends_soon()
