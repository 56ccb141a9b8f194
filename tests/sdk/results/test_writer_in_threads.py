"""The writer among threads and in forked children: each is told of what it lost."""

from __future__ import annotations

import errno
import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from taskfarm_sdk import TaskfarmError
from taskfarm_sdk._results.folder import Folder
from taskfarm_sdk._results.writer import ResultsWriter
from tests.support.results_folders import new_folder, results_files
from tests.support.results_writers import (
    NUM_ITEMS,
    Clock,
    Failing,
    done,
    fill,
    readable,
)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return new_folder(tmp_path / "sweep", NUM_ITEMS)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def writer(folder: Folder, clock: Clock) -> ResultsWriter:
    return ResultsWriter(folder, clock=clock)


class Other:
    """Another thread that uses a writer when it is told to."""

    def __init__(self) -> None:
        self._calls: list[Callable[[], object]] = []
        self._outcome: list[BaseException | None] = []
        self._ready = threading.Semaphore(0)
        self._did = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def do(self, call: Callable[[], object]) -> BaseException | None:
        """Call a function in the thread, and return the error that it raised."""
        self._calls.append(call)
        self._ready.release()
        self._did.acquire()
        return self._outcome.pop()

    def end(self) -> None:
        self._calls.append(sys.exit)
        self._ready.release()
        self._thread.join()

    def _run(self) -> None:
        while True:
            self._ready.acquire()
            try:
                self._calls.pop()()
            except SystemExit:
                return
            except Exception as error:  # noqa: BLE001 - the test looks at it
                self._outcome.append(error)
            else:
                self._outcome.append(None)
            self._did.release()


@pytest.fixture
def other() -> Iterator[Other]:
    thread = Other()
    yield thread
    thread.end()


def test_a_thread_is_told_that_another_could_not_write_its_results(
    folder: Folder, writer: ResultsWriter, monkeypatch: pytest.MonkeyPatch, other: Other
) -> None:
    writer.success(0, 1, None, 0.0)
    assert other.do(lambda: writer.success(1, 1, None, 0.0)) is None
    fault = Failing(monkeypatch, "pwrite", errno.ENOSPC)
    with pytest.raises(TaskfarmError):
        writer.flush()
    fault.fails = False
    # This thread knows already: its next records are a new attempt's.
    writer.success(2, 1, None, 0.0)
    writer.sync()
    told = other.do(writer.sync)
    assert isinstance(told, TaskfarmError)
    assert "No space left" in str(told)
    assert other.do(writer.sync) is None
    assert done(folder) == [0, 2]


def test_a_thread_is_told_that_what_it_had_written_is_not_on_disk(
    folder: Folder, writer: ResultsWriter, monkeypatch: pytest.MonkeyPatch, other: Other
) -> None:
    assert other.do(lambda: writer.success(1, 1, None, 0.0)) is None
    assert other.do(writer.flush) is None
    fault = Failing(monkeypatch, "fsync", errno.EIO)
    writer.success(0, 1, None, 0.0)
    with pytest.raises(TaskfarmError):
        writer.sync()
    fault.fails = False
    assert isinstance(other.do(writer.sync), TaskfarmError)
    assert done(folder) == []


def test_a_thread_whose_results_are_on_disk_is_told_of_no_error(
    folder: Folder, writer: ResultsWriter, monkeypatch: pytest.MonkeyPatch, other: Other
) -> None:
    assert other.do(lambda: writer.success(1, 1, None, 0.0)) is None
    assert other.do(writer.sync) is None
    fault = Failing(monkeypatch, "pwrite", errno.ENOSPC)
    writer.success(0, 1, None, 0.0)
    with pytest.raises(TaskfarmError):
        writer.flush()
    fault.fails = False
    assert other.do(writer.sync) is None
    assert done(folder) == [1]


def test_threads_share_one_file(folder: Folder) -> None:
    writer = ResultsWriter(folder)

    def work(first: int) -> None:
        for item in range(first, first + 100):
            writer.success(item, 1, item, 0.0)
        writer.sync()

    threads = [threading.Thread(target=work, args=(100 * number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results_files(folder)) == 1
    assert readable(folder) == {item: item for item in range(800)}


def computing_child(folder: Folder, writer: ResultsWriter) -> None:
    writer.success(10, 1, "the child's", 0.0)
    writer.close()


def test_a_forked_child_has_its_own_file_and_leaves_what_waits_to_its_parent(
    folder: Folder, writer: ResultsWriter
) -> None:
    fill(writer, 3)
    child = multiprocessing.get_context("fork").Process(
        target=computing_child, args=(folder, writer)
    )
    child.start()
    child.join()
    assert child.exitcode == 0
    assert done(folder) == [0, 10]
    writer.success(3, 1, None, 0.0)
    writer.close()
    assert len(results_files(folder)) == 2
    assert done(folder) == [0, 1, 2, 3, 10]


def test_a_child_forked_while_a_thread_writes_can_write(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, other: Other
) -> None:
    writer = ResultsWriter(folder)
    writing, go_on = threading.Event(), threading.Event()
    pwrite, parent = os.pwrite, os.getpid()

    def slow(*given: object) -> int:
        if os.getpid() == parent:
            writing.set()
            go_on.wait()
        return pwrite(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "pwrite", slow)
    thread = threading.Thread(target=lambda: writer.success(1, 1, None, 0.0))
    thread.start()
    writing.wait()
    child = multiprocessing.get_context("fork").Process(
        target=computing_child, args=(folder, writer)
    )
    child.start()
    child.join()
    go_on.set()
    thread.join()
    assert child.exitcode == 0
    writer.close()
    assert done(folder) == [1, 10]
