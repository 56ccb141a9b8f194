"""Results folders, written as workers write them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import attrs

from taskfarm_sdk._caught import Caught, caught
from taskfarm_sdk._items.chunks import Chunks
from taskfarm_sdk._items.items import Items
from taskfarm_sdk._items.stored import write_items
from taskfarm_sdk._results.folder import Folder
from taskfarm_sdk._results.names import ITEMS, is_results_file
from taskfarm_sdk._results.order import Order
from taskfarm_sdk._results.writer import ResultsWriter

RUN = "0123456789abcdef" * 2


def order(num_items: int, **more: object) -> Order:
    """Return the order of a run with chunks of 1."""
    facts = {"function": "program.compute", "chunk": 1, "num_tasks": num_items, **more}
    return Order(
        server_url="http://farm.invalid/api/",
        run_uuid=RUN,
        num_items=num_items,
        **facts,  # type: ignore[arg-type]
    )


def new_folder(path: Path, num_items: int, items: Iterable[object] | None = None) -> Folder:
    """Return a new folder with an order, and with items if they are given."""
    folder = Folder.create(path)
    if items is not None:
        known = Items.of(list(items))
        folder.publish(ITEMS, lambda file: write_items(file, known, Chunks.cut(num_items, 1)))
    assert order(num_items).publish(folder)
    return folder


def write(folder: Folder, values: Mapping[int, object], attempt: int = 1) -> Path:
    """Write values of items as one process does, and return its file."""
    before = set(results_files(folder))
    writer = ResultsWriter(folder)
    for item, value in values.items():
        assert writer.success(item, attempt, value, 0.5) is None
    writer.close()
    (file,) = set(results_files(folder)) - before
    return file


def write_failure(
    folder: Folder, item: int, error: BaseException, *, attempt: int = 1, final: bool = False
) -> None:
    """Write a failed attempt at an item as one process does."""
    writer = ResultsWriter(folder)
    writer.failure(item, attempt, failed_by(error), 0.25, final=final)
    writer.close()


def failed_by(error: BaseException) -> Caught:
    """Return what is kept of an exception once it was raised."""

    def fail() -> None:
        raise error

    try:
        fail()
    except BaseException as raised:  # noqa: BLE001 - whatever it is
        return attrs.evolve(caught(raised, raised.__traceback__), error=raised)
    raise AssertionError("nothing was raised")


def results_files(folder: Folder) -> list[Path]:
    """Return the files that hold results, by name."""
    return [folder.path / name for name in folder.names() if is_results_file(name)]
