"""The index of workers: which items are open, each byte read once."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from taskfarm_sdk import ConfigurationError
from taskfarm_sdk._items.chunks import Chunks
from taskfarm_sdk._processes import mounts
from taskfarm_sdk._results import follower as follower_module
from taskfarm_sdk._results import network
from taskfarm_sdk._results.folder import Folder
from taskfarm_sdk._results.index import Index
from taskfarm_sdk._results.network import Patience
from taskfarm_sdk._results.record import HEAD_SIZE
from taskfarm_sdk._results.results import Results
from taskfarm_sdk._results.writer import ResultsWriter
from tests.support.results_folders import new_folder, order, results_files, write, write_failure

NUM_ITEMS = 100


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return new_folder(tmp_path / "sweep", NUM_ITEMS)


@pytest.fixture
def index(folder: Folder) -> Index:
    return Index(folder, NUM_ITEMS)


def done(index: Index) -> list[int]:
    return [item for item in range(NUM_ITEMS) if index.is_done(item)]


def test_nothing_is_done_in_an_empty_folder(index: Index) -> None:
    index.read_on()
    assert (index.num_items, index.num_done, index.failed) == (NUM_ITEMS, 0, [])
    assert index.open_in(range(3, 6)) == [3, 4, 5]


def test_an_item_with_a_success_is_not_open(folder: Folder, index: Index) -> None:
    write(folder, {3: "x", 5: "y"})
    write_failure(folder, 4, ValueError("bad"), final=True)
    write_failure(folder, 5, ValueError("bad"))
    index.read_on()
    assert done(index) == [3, 5]
    assert index.failed == [4]
    assert index.open_in(range(3, 6)) == [4]
    assert index.num_done == 2


def test_a_success_after_a_failure_closes_the_item(folder: Folder, index: Index) -> None:
    write_failure(folder, 4, ValueError("bad"))
    index.read_on()
    assert index.failed == [4]
    write(folder, {4: "x"}, attempt=2)
    index.read_on()
    assert (done(index), index.failed) == ([4], [])


def test_the_failed_items_of_a_chunk_are_those_without_a_success(
    folder: Folder, index: Index
) -> None:
    for item in (9, 10, 12, 20):
        write_failure(folder, item, ValueError("bad"))
    write(folder, {12: "later"})
    index.read_on()
    assert index.failed_in(range(10, 20)) == {10}
    assert index.failed_in(range(30, 40)) == set()


def test_the_open_tasks_are_those_with_an_open_item(folder: Folder, index: Index) -> None:
    write(folder, dict.fromkeys([*range(30), *range(31, 60), *range(90, 100)]))
    index.read_on()
    assert index.open_tasks(Chunks.cut(NUM_ITEMS, 30)) == [1, 2, 3]
    assert index.open_tasks(Chunks.cut(NUM_ITEMS, 10)) == [3, 6, 7, 8]


def counting_reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that gets the number of bytes of each read of a results file."""
    pread = os.pread
    sizes: list[int] = []

    def counted(descriptor: int, length: int, offset: int) -> bytes:
        data = pread(descriptor, length, offset)
        sizes.append(len(data))
        return data

    monkeypatch.setattr(os, "pread", counted)
    return sizes


def test_each_byte_is_read_once(
    folder: Folder, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = counting_reads(monkeypatch)
    writers = [ResultsWriter(folder) for _ in range(2)]
    for item in range(NUM_ITEMS):
        writers[item % 2].success(item, 1, "x" * item, 0.0)
        writers[item % 2].flush()
        index.read_on()
        index.read_on()
    assert index.num_done == NUM_ITEMS
    assert sum(sizes) == sum(path.stat().st_size for path in results_files(folder))


def test_a_part_of_a_record_waits_until_it_is_whole(folder: Folder, index: Index) -> None:
    path = write(folder, {1: "one", 2: "two"})
    content = path.read_bytes()
    counts = []
    for cut in range(len(content) + 1):
        path.write_bytes(content[:cut])
        index.read_on()
        counts.append(index.num_done)
    assert counts == sorted(counts)
    assert counts[-1] == 2
    assert counts[len(content) - 1] == 1


def test_values_larger_than_what_is_read_at_once(
    folder: Folder, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower_module, "BLOCK", 256)
    path = write(folder, {1: "a", 2: "x" * 1000, 3: "c", 4: "y" * 5000, 5: "e"})
    index.read_on()
    assert done(index) == [1, 2, 3, 4, 5]
    content = bytearray(path.read_bytes())
    content[content.index(b"xxxx") + 500] ^= 1
    path.write_bytes(content)
    again = Index(folder, NUM_ITEMS)
    again.read_on()
    assert done(again) == [1, 3, 4, 5]


def test_a_large_value_that_is_not_whole_waits(
    folder: Folder, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower_module, "BLOCK", 256)
    path = write(folder, {2: "x" * 1000})
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    index.read_on()
    assert done(index) == []
    path.write_bytes(content)
    index.read_on()
    assert done(index) == [2]


def test_what_a_writer_cuts_away_is_open_again(folder: Folder, index: Index) -> None:
    write(folder, {7: "x"})
    path = write(folder, {1: "one", 2: "two"})
    index.read_on()
    assert done(index) == [1, 2, 7]
    size = path.stat().st_size
    os.truncate(path, size // 2)
    index.read_on()
    assert done(index) == [1, 7]


def test_a_file_that_was_removed_makes_its_items_open(folder: Folder, index: Index) -> None:
    write(folder, {1: "one"}).unlink()
    path = write(folder, {2: "two"})
    write(folder, {3: "three"})
    index.read_on()
    path.unlink()
    index.read_on()
    assert done(index) == [3]


def test_a_pickled_index_goes_on_from_where_it_was(
    folder: Folder, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, dict.fromkeys(range(50), "x"))
    index.read_on()
    copy: Index = pickle.loads(pickle.dumps(index))
    path = write(folder, {60: "y"})
    sizes = counting_reads(monkeypatch)
    copy.read_on()
    assert done(copy) == [*range(50), 60]
    assert sum(sizes) == path.stat().st_size


def test_the_last_failed_attempt_at_an_item_is_known(folder: Folder, index: Index) -> None:
    index.read_on()
    assert index.failed_attempts(3) == 0
    for attempt in (2, 3, 1):
        write_failure(folder, 3, ValueError("no"), attempt=attempt)
    index.read_on()
    copy: Index = pickle.loads(pickle.dumps(index))
    assert [one.failed_attempts(3) for one in (index, copy)] == [3, 3]
    assert index.failed_attempts(4) == 0
    for path in results_files(folder):
        path.unlink()
    index.read_on()
    assert index.failed_attempts(3) == 0


def test_an_index_of_a_million_items_is_a_megabyte_and_pickled_less(folder: Folder) -> None:
    assert len(pickle.dumps(Index(folder, 1_000_000))) < 20_000


def test_items_of_another_run_are_passed_over(folder: Folder, index: Index) -> None:
    write(folder, {NUM_ITEMS: "x", NUM_ITEMS - 1: "y", 2**40: "z"})
    index.read_on()
    assert done(index) == [NUM_ITEMS - 1]


@pytest.mark.parametrize("name", ["notes.txt", ".host-1-ab.results1", ".x.results1.12.tmp"])
def test_other_files_in_the_folder_are_left_alone(folder: Folder, index: Index, name: str) -> None:
    path = write(folder, {1: "one"})
    path.rename(folder.path / name)
    (folder.path / name).chmod(0o666)
    index.read_on()
    assert done(index) == []


@pytest.mark.parametrize(
    "spoil", [lambda p: p.chmod(0o666), lambda p: os.mkfifo(p.with_name("a.results1"))]
)
def test_a_results_file_that_may_not_be_trusted_is_refused(
    folder: Folder, index: Index, spoil: Callable[[Path], object]
) -> None:
    spoil(write(folder, {1: "one"}))
    with pytest.raises(ConfigurationError, match="results1"):
        index.read_on()


def test_threads_that_read_on_at_once_take_each_record_once(folder: Folder, index: Index) -> None:
    write(folder, dict.fromkeys(range(NUM_ITEMS), "x"))
    threads = [threading.Thread(target=index.read_on) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert index.num_done == NUM_ITEMS


def read_in_child(index: Index, found: multiprocessing.Queue[int]) -> None:
    index.read_on()
    found.put(index.num_done)


def test_a_child_forked_while_a_thread_reads_can_read(
    folder: Folder, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, {1: "one"})
    reading, go_on = threading.Event(), threading.Event()
    pread, parent = os.pread, os.getpid()

    def slow(*given: int) -> bytes:
        if os.getpid() == parent:
            reading.set()
            go_on.wait()
        return pread(*given)

    monkeypatch.setattr(os, "pread", slow)
    thread = threading.Thread(target=index.read_on)
    thread.start()
    reading.wait()
    context = multiprocessing.get_context("fork")
    found: multiprocessing.Queue[int] = context.Queue()
    child = context.Process(target=read_in_child, args=(index, found))
    child.start()
    assert found.get() == 1
    child.join()
    go_on.set()
    thread.join()
    assert index.num_done == 1


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.at_sleep: Callable[[], object] = lambda: None

    @property
    def patience(self) -> Patience:
        return Patience(clock=lambda: self.now, sleep=self.sleep)

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.at_sleep()


@pytest.fixture
def on_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Time:
    """Have all folders on a network file system, with a time of its own."""
    mountinfo = tmp_path / "mountinfo"
    mountinfo.write_text("22 1 0:35 / / rw - nfs4 files:/ rw\n")
    monkeypatch.setattr(mounts, "MOUNTINFO", mountinfo)
    return Time()


def test_on_a_local_disk_a_missing_item_is_missing_at_once(folder: Folder, index: Index) -> None:
    write(folder, {1: "one"})
    assert index.wait_for([1, 2]) == [2]


def test_on_a_network_file_system_what_is_late_is_found(
    folder: Folder, index: Index, on_network: Time
) -> None:
    write(folder, {1: "one"})
    on_network.at_sleep = lambda: on_network.now >= 80 and write(folder, {2: "two"})
    assert index.wait_for([1, 2], patience=on_network.patience) == []
    assert on_network.now == 80


def test_on_a_network_file_system_an_item_is_missing_after_90_s(
    index: Index, on_network: Time
) -> None:
    assert index.wait_for([2], patience=on_network.patience) == [2]
    assert on_network.now == 90


def test_on_a_network_file_system_bytes_that_come_after_the_size_are_found(
    folder: Folder, index: Index, on_network: Time
) -> None:
    path = write(folder, {1: "one", 2: "two", 3: "three"})
    content = path.read_bytes()
    first = HEAD_SIZE + 2
    path.write_bytes(content[:first] + bytes(2 * first) + content[3 * first :])
    on_network.at_sleep = lambda: path.write_bytes(content)
    assert index.wait_for([1, 2, 3], patience=on_network.patience) == []
    assert on_network.now == network.POLL_S


@pytest.mark.parametrize("where", ["middle", "end"])
def test_whoever_reads_on_finds_bytes_that_were_late(
    folder: Folder, index: Index, on_network: Time, where: str
) -> None:
    path = write(folder, {1: "one", 2: "two", 3: "three"})
    content = path.read_bytes()
    first = HEAD_SIZE + 2
    late = slice(first, 2 * first) if where == "middle" else slice(2 * first, len(content))
    path.write_bytes(content[: late.start] + bytes(late.stop - late.start) + content[late.stop :])
    known: Results[str] = Results(folder, order(NUM_ITEMS))
    index.read_on()
    assert (index.num_done < 3, len(known.missing) > NUM_ITEMS - 3) == (True, True)
    path.write_bytes(content)
    index.read_on()
    assert (index.num_done, len(known.missing)) == (3, NUM_ITEMS - 3)
    assert on_network.now == 0


def test_on_a_local_disk_what_is_damaged_is_read_once(
    folder: Folder, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(folder, {1: "one", 2: "two"})
    content = path.read_bytes()
    path.write_bytes(content[:-4] + bytes(4))
    index.read_on()
    monkeypatch.setattr(os, "pread", no_read)
    index.read_on()
    assert index.num_done == 1


def no_read(*_: object) -> bytes:
    raise AssertionError("nothing is new")


def test_a_file_that_is_cut_makes_no_earlier_failure_a_new_one(
    folder: Folder, index: Index
) -> None:
    write_failure(folder, 3, ValueError("before"))
    write_failure(folder, 4, ValueError("before"))
    path = write(folder, {1: "one", 2: "two"})
    index.read_on()
    index.begin()
    write_failure(folder, 4, ValueError("since"), attempt=2)
    os.truncate(path, path.stat().st_size // 2)
    index.read_on()
    assert done(index) == [1]
    assert index.failed == [3, 4]
    assert [index.has_failed_anew(range(item, item + 1)) for item in (3, 4)] == [False, True]
