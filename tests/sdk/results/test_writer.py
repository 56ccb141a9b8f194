"""The writer: what is kept after errors, kills and forks, and who is told of what is not."""

from __future__ import annotations

import errno
import os
import resource
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from taskfarm_sdk import TaskfarmError
from taskfarm_sdk._results import names
from taskfarm_sdk._results.folder import Folder
from taskfarm_sdk._results.results import Results
from taskfarm_sdk._results.writer import COPY_BYTES, FLUSH_BYTES, FLUSH_S, ResultsWriter
from tests.support.programs import ROOT, read_line, running
from tests.support.results_folders import failed_by, new_folder, order, results_files
from tests.support.results_writers import (
    NUM_ITEMS,
    Clock,
    Failing,
    ShortWrites,
    done,
    fill,
    readable,
)

PROGRAM = ROOT / "tests" / "programs" / "killed_results_writer.py"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return new_folder(tmp_path / "sweep", NUM_ITEMS)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def writer(folder: Folder, clock: Clock) -> ResultsWriter:
    return ResultsWriter(folder, clock=clock)


def test_a_writer_without_results_has_no_file(folder: Folder, writer: ResultsWriter) -> None:
    writer.flush()
    writer.sync()
    writer.close()
    assert results_files(folder) == []


def test_the_first_result_is_written_at_once(folder: Folder, writer: ResultsWriter) -> None:
    writer.success(3, 1, "value", 0.0)
    assert done(folder) == [3]


def test_results_wait_until_a_tenth_of_a_second_of_work_would_be_lost(
    folder: Folder, writer: ResultsWriter, clock: Clock
) -> None:
    fill(writer, 3)
    assert done(folder) == [0]
    clock.now += FLUSH_S
    writer.success(3, 1, None, 0.1)
    assert done(folder) == [0, 1, 2, 3]


def test_results_wait_until_they_are_64_kib(folder: Folder, writer: ResultsWriter) -> None:
    writer.success(0, 1, b"", 0.0)
    writer.success(1, 1, b"x" * (FLUSH_BYTES // 2), 0.0)
    assert done(folder) == [0]
    writer.success(2, 1, b"x" * (FLUSH_BYTES // 2), 0.0)
    assert done(folder) == [0, 1, 2]


@pytest.mark.parametrize("act", [ResultsWriter.flush, ResultsWriter.sync, ResultsWriter.close])
def test_what_waits_can_be_written_now(
    folder: Folder, writer: ResultsWriter, act: Callable[[ResultsWriter], None]
) -> None:
    fill(writer, 3)
    act(writer)
    assert done(folder) == [0, 1, 2]


def test_a_large_value_is_written_behind_what_waited(folder: Folder, writer: ResultsWriter) -> None:
    large = os.urandom(COPY_BYTES + 1)
    fill(writer, 3)
    writer.success(3, 1, large, 0.0)
    writer.success(4, 1, "after", 0.0)
    writer.close()
    assert readable(folder) == {0: 0, 1: 10, 2: 20, 3: large, 4: "after"}


def test_sync_has_file_and_name_on_disk(
    folder: Folder, writer: ResultsWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[str, int]] = []

    def note(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        synced.append((path.name, path.stat().st_size if path.is_file() else -1))

    monkeypatch.setattr(os, "fsync", note)
    fill(writer, 3)
    writer.sync()
    (file,) = results_files(folder)
    assert synced == [(folder.path.name, -1), (file.name, file.stat().st_size)]
    writer.sync()
    assert len(synced) == 2  # there was nothing new


def test_two_writers_have_files_of_their_own(folder: Folder) -> None:
    writers = [ResultsWriter(folder) for _ in range(2)]
    for item in range(20):
        writers[item % 2].success(item, 1, item, 0.0)
    for one in writers:
        one.close()
    assert len(results_files(folder)) == 2
    assert readable(folder) == {item: item for item in range(20)}


def test_a_name_tells_host_and_process_and_cannot_be_guessed(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "host", lambda: "node/7 ü" + "x" * 300)
    for _ in range(2):
        writer = ResultsWriter(folder)
        writer.success(0, 1, None, 0.0)
        writer.close()
    first, second = results_files(folder)
    for path in (first, second):
        assert path.name.startswith("node_7__xxx")
        assert f"-{os.getpid()}-" in path.name
        assert len(path.name) < 120
    assert first != second


def test_a_value_that_cannot_be_pickled_is_a_failed_attempt(
    folder: Folder, writer: ResultsWriter
) -> None:
    why = writer.success(0, 2, threading.Lock(), 0.5)
    assert why is not None
    assert why.type == "TypeError"
    assert "cannot pickle" in why.text
    writer.success(1, 1, "good", 0.5)
    writer.close()
    known: Results[object] = Results(folder, order(2))
    assert known.failed == [0]
    assert known[0].attempts == 2
    assert known[1].value == "good"


@pytest.mark.parametrize("kind", [Failing, ShortWrites])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_after_an_error_of_writing_the_file_ends_where_it_was_sure(
    folder: Folder,
    writer: ResultsWriter,
    monkeypatch: pytest.MonkeyPatch,
    kind: type[Failing],
    code: int,
) -> None:
    writer.success(0, 1, 0, 0.0)
    (file,) = results_files(folder)
    size = file.stat().st_size
    fault = kind(monkeypatch, "pwrite", code)
    for item in (1, 2, 3):
        writer.success(item, 1, item, 0.0)
    with pytest.raises(TaskfarmError, match=os.strerror(code)) as caught:
        writer.flush()
    assert str(folder.path) in str(caught.value)
    assert file.stat().st_size == size
    fault.fails = False
    writer.success(2, 2, "again", 0.0)
    writer.close()
    assert len(results_files(folder)) == 2
    assert readable(folder) == {0: 0, 2: "again"}


@pytest.mark.parametrize("name", ["pwrite", "fsync"])
def test_a_full_disk_leaves_no_empty_files(
    folder: Folder, writer: ResultsWriter, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for _ in range(3):
        if name == "fsync":  # the folder's own would be refused before
            writer.success(0, 1, None, 0.0)
        fault = Failing(monkeypatch, name, errno.ENOSPC)
        with pytest.raises(TaskfarmError):
            writer.success(0, 1, None, 0.0)
            writer.sync()
        fault.fails = False
    assert results_files(folder) == []


def test_after_an_error_of_fsync_the_file_ends_where_it_is_on_disk(
    folder: Folder, writer: ResultsWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(writer, 2)
    writer.sync()
    writer.success(2, 1, None, 0.0)
    fault = Failing(monkeypatch, "fsync", errno.EIO)
    with pytest.raises(TaskfarmError, match="Input/output error"):
        writer.sync()
    fault.fails = False
    assert done(folder) == [0, 1]
    writer.success(2, 2, None, 0.0)
    writer.sync()
    assert done(folder) == [0, 1, 2]
    assert len(results_files(folder)) == 2


def test_a_folder_that_is_gone_is_told_before_anything_is_lost(
    folder: Folder, writer: ResultsWriter
) -> None:
    (folder.path / "order.json").unlink()
    folder.path.rmdir()
    with pytest.raises(TaskfarmError, match="put back what was removed"):
        writer.success(0, 1, None, 0.0)


def test_a_file_that_is_removed_fails_what_is_in_it_and_another_takes_its_place(
    folder: Folder, writer: ResultsWriter
) -> None:
    """As where someone removes the results to have all computed anew, and this process goes on."""
    fill(writer, 2)
    writer.sync()
    (file,) = results_files(folder)
    file.unlink()
    writer.success(2, 1, None, 0.0)
    with pytest.raises(TaskfarmError, match="put back what was removed"):
        writer.sync()
    writer.success(2, 2, None, 0.0)
    writer.sync()
    assert done(folder) == [2]


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """Have the kernel refuse what would make a file larger, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    usual = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, usual)


def test_what_the_kernel_writes_only_in_part_is_cut_away(folder: Folder) -> None:
    writer = ResultsWriter(folder)
    with file_size_limit(3000):
        with pytest.raises(TaskfarmError, match="File too large.*raise the limit"):
            for item in range(NUM_ITEMS):
                writer.success(item, 1, b"x" * 500, 0.0)
                writer.flush()
        (file,) = results_files(folder)
        whole = done(folder)
        assert len(whole) == 5
        assert file.stat().st_size % 5 == 0
        writer.success(900, 1, "in another file", 0.0)
        writer.close()
    assert done(folder) == [*whole, 900]


def test_an_interrupt_at_any_write_leaves_a_file_that_goes_on(
    folder: Folder, writer: ResultsWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(writer, 2)
    pwrite = os.pwrite

    def write_and_interrupt(*given: object) -> int:
        pwrite(*given)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "pwrite", write_and_interrupt)
    with pytest.raises(KeyboardInterrupt):
        writer.flush()
    monkeypatch.setattr(os, "pwrite", pwrite)
    writer.success(2, 1, 20, 0.0)
    writer.close()
    assert len(results_files(folder)) == 1
    assert readable(folder) == {0: 0, 1: 10, 2: 20}


def test_a_killed_process_loses_no_item_that_took_a_tenth_of_a_second(folder: Folder) -> None:
    with running(PROGRAM, told={"folder": str(folder.path)}) as process:
        computed = [int(read_line(process.stdout)) for _ in range(5)]
    assert set(computed) <= set(done(folder))
    assert {item: value for item, value in readable(folder).items() if item in computed} == {
        item: f"value {item}" for item in computed
    }


def test_a_failure_is_recorded_with_its_exception(folder: Folder, writer: ResultsWriter) -> None:
    writer.failure(4, 3, failed_by(ValueError("bad input")), 1.5, final=True)
    writer.close()
    known: Results[object] = Results(folder, order(NUM_ITEMS))
    result = known[4]
    assert isinstance(result.error, ValueError)
    assert str(result.error) == "bad input"
    assert (result.value, result.attempts, result.took_s) == (None, 3, 1.5)
