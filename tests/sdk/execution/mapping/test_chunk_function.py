"""An attempt at a chunk of `Farm.map`, whatever else ends or forks its process."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from taskfarm_sdk import ConfigurationError, Results, Task, results
from taskfarm_sdk._items.chunks import Chunks
from taskfarm_sdk._items.items import Items
from taskfarm_sdk._items.stored import write_items
from taskfarm_sdk._results.folder import Folder
from taskfarm_sdk._results.index import Index
from taskfarm_sdk._results.names import ITEMS
from taskfarm_sdk.execution.mapping.chunk_function import ChunkFunction
from taskfarm_sdk.execution.mapping.item_function import ItemFunction
from tests.support.handles import NotingHandle
from tests.support.results_folders import RUN, order, write

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no results folders")

ITEMS_OF_IT = 3
MAX_ATTEMPTS = 3


@attrs.frozen
class Work:
    """The work on a folder of one chunk.

    Attributes:
        path: the folder's.
        items: its items.
    """

    path: Path
    items: range = range(ITEMS_OF_IT)

    def prepare(self) -> Folder:
        """Make the folder, and return it open."""
        folder, chunks = Folder.create(self.path), Chunks(ITEMS_OF_IT, 1)
        folder.publish(ITEMS, lambda file: write_items(file, Items.of(self.items), chunks))
        order(ITEMS_OF_IT, num_tasks=1, chunk=ITEMS_OF_IT).publish(folder)
        return folder

    def function(self, function: Callable[[int], object]) -> ChunkFunction:
        """Return what is called with the task."""
        index = Index(Folder.open(self.path), ITEMS_OF_IT)
        index.read_on()
        computes = ItemFunction(function, pass_item=False)
        return ChunkFunction(computes, index, Chunks(ITEMS_OF_IT, 1), 10, MAX_ATTEMPTS)

    @property
    def results(self) -> Results[object]:
        """What the folder has."""
        return results(self.path)


@pytest.fixture
def work(tmp_path: Path) -> Work:
    """A folder of three items without values."""
    work = Work(tmp_path / "sweep")
    work.prepare()
    return work


@pytest.fixture
def handle() -> NotingHandle:
    """The handle of its task."""
    return NotingHandle(run_uuid=RUN)


def test_an_item_with_a_value_was_not_what_ended_its_process(
    work: Work, handle: NotingHandle
) -> None:
    write(Folder.open(work.path), {0: "kept"})
    handle.lost_items = (0,)
    work.function(str)(Task(handle))
    assert handle.notes == []
    assert list(work.results.values()) == ["kept", "1", "2"]


def test_a_lost_item_with_a_value_has_no_failure_on_record(
    work: Work, handle: NotingHandle
) -> None:
    function = work.function(str)
    file = write(Folder.open(work.path), {0: "kept"})
    function.lost_item(Task(handle), 0, "its process ended")
    function.lost_item(Task(handle), 1, "its process ended")
    assert (file.parent / file.name).exists()
    assert (work.results.failed, work.results[0].value) == ([1], "kept")
    index = Index(Folder.open(work.path), ITEMS_OF_IT)
    index.read_on()
    assert [index.failed_attempts(item) for item in work.items] == [0, 1, 0]


def test_what_fails_as_its_process_is_asked_to_end_is_given_back_without_a_record(
    work: Work, handle: NotingHandle
) -> None:
    def compute(item: int) -> int:
        if item == 1:
            handle.is_ending = True
            raise ChildProcessError("its program died of SIGTERM")
        return item

    work.function(compute)(Task(handle))
    assert handle.notes == [("release",)]
    assert (work.results.failed, work.results.missing) == ([], [1, 2])


def test_an_item_that_was_only_asked_to_end_before_is_never_shown_as_failed(
    work: Work, handle: NotingHandle
) -> None:
    """Its task is not new; and no attempt is counted where work was asked to end."""
    handle.is_new = False

    def compute(item: int) -> int:
        if work.results.failed:
            raise AssertionError("an item that is computed counts as failed")
        return item

    work.function(compute)(Task(handle))
    assert handle.notes == []
    assert list(work.results.values()) == list(work.items)


class Exits:
    """A value whose class ends the program that asks how it is pickled."""

    def __reduce__(self) -> tuple[()]:
        raise SystemExit(4)


class ExitsToo(Exception):
    """An exception like that."""

    def __reduce__(self) -> tuple[()]:
        raise SystemExit(4)


def exits(_: int) -> Exits:
    """Return what cannot be kept."""
    return Exits()


def raising(error: BaseException) -> Callable[[int], object]:
    """Return a function that raises this."""

    def raise_it(_: int) -> object:
        raise error

    return raise_it


ODD: dict[str, Callable[[int], object]] = {
    "KeyboardInterrupt": raising(KeyboardInterrupt()),
    "GeneratorExit": raising(GeneratorExit()),
    "SystemExit": raising(SystemExit(3)),
    "an exception that exits": raising(ExitsToo()),
    "a value that exits": exits,
}


@pytest.mark.parametrize("name", ODD)
def test_whatever_an_item_raises_the_others_are_computed(
    work: Work, handle: NotingHandle, name: str
) -> None:
    def compute(item: int) -> object:
        return ODD[name](item) if item == 0 else item

    work.function(compute)(Task(handle))
    assert handle.failed_items == [0]
    assert (work.results.failed, work.results.missing) == ([0], [])
    assert [work.results[item].value for item in (1, 2)] == [1, 2]


def test_an_interruption_by_a_signal_is_no_failure(work: Work, handle: NotingHandle) -> None:
    handle.interrupted = True
    with pytest.raises(KeyboardInterrupt):
        work.function(raising(KeyboardInterrupt()))(Task(handle))
    assert (handle.notes, work.results.missing) == ([], list(work.items))


def test_a_value_that_cannot_be_kept_has_failed_for_good_in_the_last_attempt(
    work: Work, handle: NotingHandle
) -> None:
    function = work.function(lambda item: sys._getframe() if item == 0 else item)
    for attempts in range(MAX_ATTEMPTS):
        handle.attempts, handle.is_new = attempts, False
        function(Task(handle))
    looks = iter(range(3))
    # Whoever follows the results is told of it, and waits no more.
    came = list(work.results.as_completed(poll_s=0.01, stop=lambda: next(looks, None) == 2))
    assert next(looks, None) is not None
    assert sorted(result.number for result in came) == list(work.items)


def test_a_copy_of_the_process_records_nothing_and_computes_no_other_item(
    work: Work, handle: NotingHandle, tmp_path: Path
) -> None:
    this = os.getpid()

    def compute(item: int) -> str:
        with (tmp_path / "calls").open("a") as calls:
            calls.write(f"{item}\n")
        copy = os.fork()
        if copy == 0:
            if item == 1:
                raise ValueError("in the copy")
            return "of the copy"
        os.waitpid(copy, 0)
        return "of the process"

    try:
        work.function(compute)(Task(handle))
    finally:
        if os.getpid() != this:
            os._exit(1)
    assert handle.notes == []
    assert list(work.results.values()) == ["of the process"] * ITEMS_OF_IT
    assert (tmp_path / "calls").read_text().split() == ["0", "1", "2"]


def test_a_new_folder_in_the_place_of_a_removed_one_is_another(
    work: Work, handle: NotingHandle
) -> None:
    """A notebook keeps the last error, and that keeps the function of the mapping before."""
    before = work.function(str)
    before(Task(handle))
    shutil.rmtree(work.path)
    anew = Work(work.path, range(10, 10 + ITEMS_OF_IT))
    anew.prepare()
    anew.function(str)(Task(handle))
    assert list(anew.results.values()) == ["10", "11", "12"]
    assert before.computes.function is str


def test_a_folder_that_was_replaced_while_work_went_on_gets_no_results(
    work: Work, handle: NotingHandle
) -> None:
    handle.run_uuid = "f" * 32
    with pytest.raises(ConfigurationError, match="not the folder of run ffff.* any more"):
        work.function(str)(Task(handle))
    assert list(work.results.missing) == list(work.items)
