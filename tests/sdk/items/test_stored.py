"""Items in a file: read back chunk by chunk, and damage to the file never goes unnoticed."""

from __future__ import annotations

import io
import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskfarm_sdk import ConfigurationError, Items, TaskfarmError
from taskfarm_sdk._items.chunks import Chunks
from taskfarm_sdk._items.stored import StoredItems, write_items

DAMAGED = "the file of the items cannot be used: .*Restore it from a copy, or start again"


def stored(items: Sequence[object], size: int) -> bytes:
    """Return the content of a file of these items."""
    file = io.BytesIO()
    write_items(file, items, Chunks.cut(len(items), size))
    return file.getvalue()


def all_of(content: bytes) -> list[object]:
    return list(StoredItems(io.BytesIO(content)))


@pytest.fixture
def file(tmp_path: Path) -> Iterator[BinaryIO]:
    with (tmp_path / "items").open("w+b", buffering=0) as opened:
        yield opened


values = st.lists(st.text() | st.integers() | st.dictionaries(st.text(), st.none()), min_size=1)


@settings(deadline=None)
@given(values, st.integers(1, 12), st.slices(12))
def test_what_was_stored_is_read(items: list[object], size: int, part: slice) -> None:
    read = StoredItems(io.BytesIO(stored(items, size)))
    assert read.chunks == Chunks.cut(len(items), size)
    assert list(read) == items
    assert [read[number] for number in range(-len(items), len(items))] == items + items
    assert read[part] == items[part]
    in_chunks = [item for task in range(read.chunks.tasks) for item in read.chunk(task)]
    assert in_chunks == items
    assert (read.columns, read.digest) == (Items.of(items).columns, Items.of(items).digest())


@pytest.mark.parametrize(
    "items",
    [
        pytest.param(Items.grid(x=range(7), y=["a", 2.5]), id="grid"),
        pytest.param(Items.of(range(3, 40, 3)), id="range"),
        pytest.param(Items.grid(x=range(7), y=["a", 2.5])[3:9], id="part of a grid"),
        pytest.param(Items.of([{"x": 1, "y": 2}] * 5), id="dicts"),
        pytest.param(Items.of([{"x": 1}, {"y": 2}]), id="dicts of two kinds"),
        pytest.param(Items.of([b"", None]), id="no digest"),
    ],
)
def test_what_is_known_of_items_is_stored_with_them(items: Items[object]) -> None:
    read = StoredItems(io.BytesIO(stored(items, 1)))
    assert list(read) == list(items)
    assert read.chunk(1) == [items[1]]
    assert (read.columns, read.digest) == (items.columns, items.digest())


def test_a_grid_and_a_range_are_stored_as_their_definition() -> None:
    small, large = Items.grid(x=range(5), y=range(2)), Items.grid(x=range(10**6), y=range(10**6))
    assert len(stored(large, 9_999)) < len(stored(small, 1)) + 50
    assert len(stored(range(10**9), 9_999)) < 400
    read = StoredItems(io.BytesIO(stored(large, 9_999)))
    assert read.chunk(read.chunks.tasks - 1)[-1] == {"x": 10**6 - 1, "y": 10**6 - 1}


def test_a_chunk_is_read_and_nothing_else(file: BinaryIO, monkeypatch: pytest.MonkeyPatch) -> None:
    write_items(file, [f"item {number}" * 100 for number in range(1000)], Chunks.cut(1000, 10))
    lengths: list[int] = []
    read = os.pread

    def noted(descriptor: int, length: int, offset: int) -> bytes:
        lengths.append(length)
        return read(descriptor, length, offset)

    items = StoredItems(file)
    monkeypatch.setattr(os, "pread", noted)
    assert items.chunk(57)[0] == "item 570" * 100
    assert sum(lengths) < os.fstat(file.fileno()).st_size / 90
    lengths.clear()
    assert next(iter(items)) == "item 0" * 100
    assert sum(lengths) < os.fstat(file.fileno()).st_size / 90


class Yielding(io.BytesIO):
    """Lets other threads run between a seek and the reading that follows."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        place = super().seek(offset, whence)
        time.sleep(0)
        return place


def test_threads_read_at_the_same_time(file: BinaryIO) -> None:
    write_items(file, range_of_texts := [str(n) for n in range(4_000)], Chunks.cut(4_000, 10))
    for opened in (file, Yielding(Path(file.name).read_bytes())):
        read = StoredItems(opened)
        together = threading.Barrier(8)

        def chunks(
            first: int, read: StoredItems = read, start: threading.Barrier = together
        ) -> int:
            start.wait(60)
            for task in [*range(first, 400), *range(first)]:
                assert read.chunk(task) == range_of_texts[10 * task : 10 * task + 10]
            return first

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(chunks, range(0, 400, 50))) == [*range(0, 400, 50)]


def test_each_byte_matters_and_none_that_is_missing_goes_unnoticed() -> None:
    items: list[object] = [{"x": "one"}, {"x": "two"}, {"x": "three"}]
    content = stored(items, 2)
    for place in range(len(content)):
        with pytest.raises(TaskfarmError, match=DAMAGED):
            all_of(content[:place])
        flipped = bytes([content[place] ^ 0x10])
        with pytest.raises(TaskfarmError, match=DAMAGED):
            all_of(content[:place] + flipped + content[place + 1 :])
    for appended in (b"\0", content):
        with pytest.raises(TaskfarmError, match=DAMAGED):
            all_of(content + appended)


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"\0" * 10_000, b"TFitems1" * 100])
def test_a_foreign_file_is_refused(content: bytes) -> None:
    with pytest.raises(TaskfarmError, match=DAMAGED):
        StoredItems(io.BytesIO(content))


@pytest.mark.parametrize("change", [b"", b"more"])
def test_a_file_that_changes_while_it_is_used_is_noticed(file: BinaryIO, change: bytes) -> None:
    write_items(file, ["a", "b", "c"], Chunks.cut(3, 1))
    items = StoredItems(file)
    assert items.chunk(2) == ["c"]
    if change:
        file.write(change)
    else:
        file.truncate(100)
    with pytest.raises(TaskfarmError, match="changed while it was used"):
        items.chunk(2)


def test_damage_to_one_chunk_leaves_the_others(tmp_path: Path) -> None:
    content = bytearray(stored(["first", "second", "third"], 1))
    content[content.index(b"second")] ^= 1
    read = StoredItems(io.BytesIO(bytes(content)))
    with pytest.raises(TaskfarmError, match="items 1 to 1 are damaged"):
        read.chunk(1)
    assert (read.chunk(0), read.chunk(2)) == (["first"], ["third"])


class Lying(Sequence[int]):
    """Says that it has 5 items, and has as many as it was told."""

    def __init__(self, has: int) -> None:
        self.has = has

    def __len__(self) -> int:
        return 5

    def __getitem__(self, index: int) -> int:  # type: ignore[override]
        return list(range(self.has))[index]


@pytest.mark.parametrize("has", [4, 6])
def test_items_that_change_while_they_are_stored_are_refused(has: int) -> None:
    with pytest.raises(ConfigurationError, match=f"there are {has} items, .* for 5"):
        stored(Lying(has), 2)


def test_items_of_another_run_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="there are 3 items, .* for 4"):
        write_items(io.BytesIO(), [1, 2, 3], Chunks(4, 2))


@pytest.mark.parametrize(
    ("items", "said"),
    [
        pytest.param([1, 2, threading.Lock(), 3], "item 2, of type lock, .*cannot pickle", id="2"),
        pytest.param(Items.grid(x=[threading.Lock()]), "the grid has a value", id="grid"),
    ],
)
def test_what_cannot_be_sent_is_named(items: Sequence[object], said: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{said}.*give what it is made from"):
        stored(items, 2)


class Full(io.BytesIO):
    """A disk with room for so many bytes, which writes 7 at a time."""

    room = 10**9

    def write(self, content: bytes, /) -> int:  # type: ignore[override]
        if len(self.getvalue()) >= self.room:
            raise OSError(28, "No space left on device")
        return super().write(bytes(content)[:7])


def test_a_file_that_writes_less_than_it_was_given_gets_all() -> None:
    items = [str(number) for number in range(500)]
    file = Full()
    write_items(file, items, Chunks.cut(500, 30))
    assert list(StoredItems(file)) == items


def test_a_full_disk_is_named() -> None:
    file = Full()
    file.room = 100
    with pytest.raises(TaskfarmError, match="cannot be stored: No space left on device"):
        write_items(file, [str(number) for number in range(500)], Chunks.cut(500, 30))


def test_a_file_that_cannot_be_read_is_named(file: BinaryIO) -> None:
    write_items(file, ["a"], Chunks.cut(1, 1))
    with Path(file.name).open("ab") as unreadable, pytest.raises(TaskfarmError, match="be read"):
        StoredItems(unreadable)


SCRIPT = """
import sys
from taskfarm_sdk._items.stored import StoredItems
with open(sys.argv[1], "rb") as file:
    items = StoredItems(file)
    print([item.shown() for item in items.chunk(1)])
"""
STORING = """
import sys
from taskfarm_sdk._items.chunks import Chunks
from taskfarm_sdk._items.stored import write_items

class Site:
    def __init__(self, number):
        self.number = number
    def shown(self):
        return f"site {self.number}"

with open(sys.argv[1], "wb") as file:
    write_items(file, [Site(number) for number in range(4)], Chunks.cut(4, 2))
"""


def test_objects_of_a_scripts_own_classes_are_read_in_other_processes(tmp_path: Path) -> None:
    path = str(tmp_path / "items")
    subprocess.run([sys.executable, "-c", STORING, path], check=True)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, path], capture_output=True, text=True, check=True
    )
    assert done.stdout == "['site 2', 'site 3']\n"


def test_what_cannot_be_unpickled_here_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "only_there.py").write_text("class Site: pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    module = __import__("only_there")
    content = stored([1, module.Site(), 3], 1)
    monkeypatch.undo()
    del sys.modules["only_there"]
    read = StoredItems(io.BytesIO(content))
    said = "items 1 to 1 cannot be unpickled here .*No module named 'only_there'.*packages"
    with pytest.raises(TaskfarmError, match=said):
        read.chunk(1)
    assert read.chunk(2) == [3]


def test_tasks_that_are_not_there_are_refused() -> None:
    for items in (["a"] * 5, range(5)):
        read = StoredItems(io.BytesIO(stored(items, 2)))
        with pytest.raises(ConfigurationError, match="from 0 to 2"):
            read.chunk(3)
        with pytest.raises(IndexError):
            read[5]


def test_each_reading_gives_objects_of_its_own() -> None:
    read = StoredItems(io.BytesIO(stored([{"x": []}], 1)))
    read.chunk(0).append("changed")
    assert read[0] == {"x": []}
    assert pickle.loads(pickle.dumps(read.chunks)) == Chunks(1, 1)
