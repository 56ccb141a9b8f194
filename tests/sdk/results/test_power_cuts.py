"""A results folder after a power cut: each of its files cut at each byte, or missing."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from taskfarm_sdk import Item, TaskfarmError, results
from taskfarm_sdk._items.chunks import Chunks
from taskfarm_sdk._items.items import Items
from taskfarm_sdk._items.stored import write_items
from taskfarm_sdk._results.folder import Folder
from taskfarm_sdk._results.index import Index
from taskfarm_sdk._results.names import FUNCTION, ITEMS, ORDER
from taskfarm_sdk._results.order import Order, publish_function
from taskfarm_sdk.execution.function import packed
from taskfarm_sdk.execution.mapping.item_function import ItemFunction
from taskfarm_sdk.execution.mapping.preparing import stored_function
from tests.support.results_folders import order, results_files, write

VALUES = {number: {"number": number, "text": "x" * number} for number in range(12)}
CHUNKS = Chunks.cut(len(VALUES), 4)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A folder of 12 items, of which two processes computed all."""
    folder = Folder.create(tmp_path / "results")
    items = Items.of([f"item {number}" for number in VALUES])
    folder.publish(ITEMS, lambda file: write_items(file, items, CHUNKS))
    factor = 3

    def compute(item: Item[int]) -> int:
        return item.value * factor

    publish_function(folder, packed(ItemFunction(compute, pass_item=True)).content)
    assert order(len(VALUES), num_tasks=CHUNKS.tasks, chunk=CHUNKS.size).publish(folder)
    half = len(VALUES) // 2
    write(folder, {number: VALUES[number] for number in range(half)})
    write(folder, {number: VALUES[number] for number in range(half, len(VALUES))})
    folder.close()
    return tmp_path / "results"


def read_all(path: Path) -> int:
    """Read the results as users do; return how many values there are, all of them right."""
    found = list(results(path))
    assert len(found) == len(VALUES)
    assert [result.item for result in found] == [f"item {number}" for number in VALUES]
    read = {result.number: result.value for result in found if result.error is None}
    assert read == {number: VALUES[number] for number in read}
    return len(read)


def count_done(path: Path) -> int:
    """Return how many items a worker that goes on leaves alone."""
    folder = Folder.open(path)
    index = Index(folder, len(VALUES))
    index.read_on()
    done = index.num_done
    folder.close()
    return done


def call_function(path: Path) -> object:
    """Load the function as a worker that joins does, and call it."""
    folder = Folder.open(path)
    try:
        known = Order.load(folder)
        assert known is not None
        called = stored_function(folder, known).function(Item(number=0, value=5))
    finally:
        folder.close()
    assert called == 15
    return called


def cuts(file: Path) -> list[int]:
    """Return the lengths to cut a file to, the longest first: what is cut stays so."""
    return list(range(file.stat().st_size - 1, -1, -1))


def refused(path: Path, look: Callable[[Path], object]) -> bool:
    """Return whether a look at a folder is refused with an error that names it."""
    try:
        look(path)
    except TaskfarmError as error:
        said = str(error)
    else:
        return False
    assert f"'{path}'" in said or f"{path}/" in said, said
    return True


def test_of_results_that_are_cut_the_whole_ones_are_read_and_the_others_are_open(
    path: Path,
) -> None:
    folder = Folder.open(path)
    last = max(results_files(folder))
    folder.close()
    before = read_all(path)
    assert before == count_done(path) == len(VALUES)
    for cut in cuts(last):
        os.truncate(last, cut)
        read = read_all(path)
        assert read == count_done(path)
        assert read in {before, before - 1}
        before = read
    assert before == len(VALUES) // 2
    last.unlink()
    assert read_all(path) == len(VALUES) // 2


@pytest.mark.parametrize("name", [ITEMS, ORDER])
def test_items_and_order_that_are_cut_are_refused(path: Path, name: str) -> None:
    file = path / name
    whole = file.read_bytes().rstrip()
    for cut in cuts(file):
        os.truncate(file, cut)
        # Of a document the last line's end may be missing.
        assert refused(path, read_all) or cut == len(whole), cut
    file.unlink()
    if name == ORDER:
        assert refused(path, read_all)
    else:
        # They are for people: the values are there without them.
        assert [result.value for result in results(path)] == list(VALUES.values())


def test_a_function_that_is_cut_is_refused(path: Path) -> None:
    call_function(path)
    file = path / FUNCTION
    for cut in cuts(file):
        os.truncate(file, cut)
        assert refused(path, call_function), cut
    file.unlink()
    assert refused(path, call_function)
    assert read_all(path) == len(VALUES)
