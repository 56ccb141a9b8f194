"""The writer: what is kept after errors, kills and forks, and who is told of what is not."""

from __future__ import annotations

import errno
import multiprocessing
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from taskfarm_sdk import TaskfarmError
from taskfarm_sdk._results import names
from taskfarm_sdk._results.folder import Folder
from taskfarm_sdk._results.index import Index
from taskfarm_sdk._results.results import Results
from taskfarm_sdk._results.writer import COPY_BYTES, FLUSH_BYTES, FLUSH_S, ResultsWriter
from tests.support.programs import ROOT, read_line, running
from tests.support.results_folders import failed_by, new_folder, order, results_files

NUM_ITEMS = 1000
PROGRAM = ROOT / "tests" / "programs" / "killed_results_writer.py"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return new_folder(tmp_path / "sweep", NUM_ITEMS)


class Clock:
    """Seconds that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def writer(folder: Folder, clock: Clock) -> ResultsWriter:
    return ResultsWriter(folder, clock=clock)


def done(folder: Folder) -> list[int]:
    """Return the items with a success, by a new index."""
    index = Index(folder, NUM_ITEMS)
    index.read_on()
    return [item for item in range(NUM_ITEMS) if index.is_done(item)]


def readable(folder: Folder) -> dict[int, object]:
    """Return the values that a reader gets."""
    known: Results[object] = Results(folder, order(NUM_ITEMS))
    return {one.number: one.value for one in known if one.error is None}


def fill(writer: ResultsWriter, count: int) -> None:
    """Add so many records, all of which wait in the buffer but the first."""
    for item in range(count):
        writer.success(item, 1, item * 10, 0.0)


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


class Failing:
    """An operation of the operating system that fails for as long as it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, name: str, code: int) -> None:
        self._usual: Callable[..., int] = getattr(os, name)
        self._code = code
        self.fails = True
        monkeypatch.setattr(os, name, self)

    def __call__(self, *given: object) -> int:
        if self.fails:
            raise OSError(self._code, os.strerror(self._code))
        return self._usual(*given)


class ShortWrites(Failing):
    """Writes half of what is given, and nothing the next time."""

    def __call__(self, descriptor: int, data: memoryview, offset: int) -> int:  # type: ignore[override]
        if not self.fails:
            return self._usual(descriptor, data, offset)
        if len(data) < 20:
            raise OSError(self._code, os.strerror(self._code))
        return self._usual(descriptor, data[: len(data) // 2], offset)


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
    with pytest.raises(TaskfarmError, match="it was removed"):
        writer.success(0, 1, None, 0.0)


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
