"""The ways into a mapping: `Farm.map`, `Farm.prepare` and `taskfarm_sdk.join`."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from typing import Any, Literal

import attrs

from taskfarm_sdk import _bar, _validation
from taskfarm_sdk._bar import Progress
from taskfarm_sdk._items.chunks import Chunks
from taskfarm_sdk._items.items import Items
from taskfarm_sdk._map_options import MapOptions
from taskfarm_sdk._results.folder import Folder
from taskfarm_sdk._results.order import Order
from taskfarm_sdk._results.results import Results
from taskfarm_sdk._session.link import Link
from taskfarm_sdk._text import shown
from taskfarm_sdk._worker.options import WorkerOptions
from taskfarm_sdk.errors import ConfigurationError
from taskfarm_sdk.execution.jobs import Jobs
from taskfarm_sdk.execution.mapping import flow, preparing, trial
from taskfarm_sdk.execution.mapping.item_function import ItemFunction
from taskfarm_sdk.execution.mapping.preparing import Wanted
from taskfarm_sdk.execution.work_off import Place

GRACE_S = 2.0
HEARTBEAT_S = 30.0
# More than any generator takes; Python writes no integer of more than 4,300 digits.
SEED_BITS = 1_024
SEED_END = 2**SEED_BITS
_OF_PLACE = {"workers", "executor", "threads_per_task"}
_OF_CALL = {"progress", "linger_s", "check", "retry_failed"}


@attrs.frozen(kw_only=True)
class Settings:
    """The options of a caller, checked.

    Attributes:
        place: where to compute.
        worker: options of the workers.
        progress: called with the run's status; True for a bar.
        linger_s: how long at most to stay without a task.
        check: whether to raise an error if items have no value.
        retry_failed: whether items of a finished run that failed are tried again.
    """

    place: Place
    worker: WorkerOptions
    progress: Progress
    linger_s: float | None
    check: bool
    retry_failed: bool


def settings(options: MapOptions, jobs: Jobs | None = None) -> Settings:
    """Return the options of a caller, with the defaults of a mapping.

    Args:
        options: the caller's.
        jobs: how many items to compute at a time, in place of `workers`, where that changes.

    Raises:
        ConfigurationError: one is wrong, or the executor would never run a loop.
    """
    unknown = sorted(options.keys() - MapOptions.__annotations__.keys())
    if unknown:
        raise ConfigurationError(
            f"unknown options: {', '.join(unknown)}; there are "
            f"{', '.join(sorted(MapOptions.__annotations__))}"
        )
    place = Place(
        workers=options.get("workers"),
        executor=options.get("executor"),
        threads_per_task=options.get("threads_per_task"),
        jobs=jobs,
    )
    linger_s = options.get("linger_s")
    if linger_s is not None:
        _validation.seconds("linger_s", linger_s, zero=True)
    if place.workers is not None:
        _validation.at_least_one("workers", place.workers)
    progress = options.get("progress")
    _bar.checked(progress)
    heartbeat_s = options.get("heartbeat_s", HEARTBEAT_S)
    of_worker: dict[str, Any] = {
        "linger": True,
        "grace_s": GRACE_S,
        # No other client's worker can compute items.
        "unleased_after_s": "stale_after_s",
        # The folder decides what is open: a percentage is worth no request of its own.
        "report_every_s": heartbeat_s,
        **{name: value for name, value in options.items() if name not in _OF_PLACE | _OF_CALL},
    }
    worker = WorkerOptions(**of_worker)
    place.engine(worker.grace_s)
    return Settings(
        place=place,
        worker=worker,
        progress=progress,
        linger_s=linger_s,
        check=options.get("check", True),
        retry_failed=options.get("retry_failed", True),
    )


def wanted(
    function: Callable[[Any], object],
    items: object,
    folder: str | os.PathLike[str],
    chunk: int | Literal["auto"],
    *,
    pass_item: bool,
    seed: int | None,
    name: str | None,
) -> Wanted:
    """Return what a caller wants computed, checked.

    Raises:
        ConfigurationError: an argument is wrong.
    """
    if seed is not None and (type(seed) is not int or abs(seed) >= SEED_END):
        raise ConfigurationError(
            f"seed must be an integer of at most {SEED_BITS} bits, not {shown(seed)}"
        )
    computes = ItemFunction(function, pass_item, seed)
    return Wanted(folder, computes, Items.of(items), chunk, name)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def map_on(link: Link, wanted: Wanted, chosen: Settings) -> Results[Any]:
    """Make the work of a folder, or go on with it, and return the results.

    Args:
        link: the connections.
        wanted: what the caller wants computed.
        chosen: the caller's options.

    Raises:
        TaskfarmError: see `Farm.map`.
    """

    def try_size(folder: Folder) -> int:
        return trial.size_by_trial(
            folder, wanted.computes, wanted.items, chosen.place, chosen.worker.grace_s
        )

    folder, order = preparing.prepared(link, wanted, try_size)
    preparing.refuse_other_work(folder, order, wanted)
    return _work(link, folder, order, wanted.computes, chosen)


def prepare_on(link: Link, wanted: Wanted) -> Order:
    """Make the work of a folder, and compute nothing; return its order.

    Args:
        link: the connections.
        wanted: what the caller wants computed; its chunks are given.

    Raises:
        TaskfarmError: see `Farm.prepare`.
    """
    if wanted.chunk == preparing.AUTO:
        raise ConfigurationError(
            "prepare computes nothing, so it cannot try how long an item takes: give chunk a "
            "number, such as how many items take 2 to 5 s"
        )
    folder, order = preparing.prepared(link, wanted, _no_trial)
    with closing(folder):
        preparing.refuse_other_work(folder, order, wanted)
    return order


def join_on(link: Link, folder: Folder, order: Order, chosen: Settings) -> Results[Any]:
    """Work on what a folder was prepared for, with the function in it, and return the results.

    Args:
        link: the connections.
        folder: the results folder.
        order: what it is for.
        chosen: the caller's options.

    Raises:
        TaskfarmError: see `taskfarm_sdk.join`.
    """
    return _work(link, folder, order, preparing.stored_function(folder, order), chosen)


def order_of(folder: Folder) -> Order:
    """Return the order of a folder that was prepared.

    Raises:
        ConfigurationError: it has none.
    """
    order = Order.load(folder)
    if order is None:
        raise ConfigurationError(
            f"'{folder.path}' was not prepared: give the folder that `farm.map` or `farm.prepare` "
            "was given"
        )
    return order


def _work(
    link: Link, folder: Folder, order: Order, computes: ItemFunction, chosen: Settings
) -> Results[Any]:
    with _bar.telling(chosen.progress, Chunks(order.num_items, order.num_tasks)) as tell:
        mapping = flow.Mapping(
            link=link,
            folder=folder,
            order=order,
            computes=computes,
            options=chosen.worker,
            place=chosen.place,
            tell=tell,
            linger_s=chosen.linger_s,
            retry_failed=chosen.retry_failed,
        )
        return flow.map_items(mapping, check=chosen.check)


def _no_trial(_: Folder) -> int:
    raise AssertionError("the number of items in a chunk is given")
