"""The folder of `--results` or `--log`: whose it is, and what work on it begins with."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.common.text import counted
from taskfarm_cli.work.commands.kept_items import (
    IDENTITY,
    Identity,
    holds_output,
    read_identity,
)
from taskfarm_cli.work.commands.open_items import OpenItems, OpenOfLogs, OpenOfResults

if TYPE_CHECKING:
    from taskfarm_cli.work.plan import Options, Plan
    from taskfarm_cli.work.screen import Screen
    from taskfarm_sdk import Run, Worker

# A folder holds three files for each item, and a file system slows down with so many.
MOST_RESULTS = 100_000
# How long a network file system may show what another machine wrote late, and how often to look.
SEEN_WITHIN_S = 90.0
LOOK_EVERY_S = 2.0


def check(plan: Plan) -> None:
    """Refuse a folder that a new run's output cannot be kept in, before the run is created.

    Raises:
        UsageError: it is another run's, or would get too many files.
    """
    folder = _folder(plan.options)
    if folder is None or plan.name is not None:
        return
    _check_number(plan.options, plan.num_items)
    found = _identity_in(folder)
    if found is not None:
        raise UsageError(
            f"{folder} holds the output of run {found.run}: give that UUID in place of --create to "
            "go on with it, or another folder for a new run"
        )
    if plan.chunk > 1 and holds_output(folder):
        raise _nobodys(folder)


def check_of(plan: Plan, run: Run) -> None:
    """Refuse a folder that this run's output cannot be kept in, and write nothing.

    Raises:
        UsageError: it is another run's, or would get too many files.
    """
    folder = _folder(plan.options)
    if folder is None:
        return
    chunks = plan.chunks(run.num_tasks)
    if chunks.size > 1:
        _check_number(plan.options, chunks.items)
    found = _identity_in(folder)
    if found is not None:
        _check_same(folder, found, run.uuid, chunks.items, chunks.size)
    elif chunks.size > 1 and holds_output(folder) and _identity_in(folder) is None:
        # Read again: another workTF may have begun meanwhile.
        raise _nobodys(folder)


def take(plan: Plan, run: Run, server: str) -> None:
    """Note in the folder that it is this run's, or see that it is.

    Args:
        plan: the plan for the run.
        run: the run.
        server: the API's URL.

    Raises:
        UsageError: it is not, or cannot be written to.
    """
    folder = _folder(plan.options)
    if folder is None:
        return
    check_of(plan, run)
    if _identity_in(folder) is None:
        chunks = plan.chunks(run.num_tasks)
        own = Identity(server, run.uuid, chunks.items, chunks.size)
        _check_same(folder, _written(folder, own), own.run, own.items, own.chunk)


def open_items(plan: Plan, num_tasks: int) -> OpenItems | None:
    """Return what the folder knows of a run's items, if the run has chunks and there is a folder.

    Args:
        plan: the plan for the run.
        num_tasks: how many tasks it has.
    """
    options, chunks = plan.options, plan.chunks(num_tasks)
    if chunks.size == 1:
        return None
    if options.results is not None:
        return OpenOfResults(Path(options.results))
    return None if options.log is None else OpenOfLogs(Path(options.log), chunks.items)


def reopen(
    plan: Plan,
    run: Run,
    worker: Worker,
    known: OpenItems,
    screen: Screen,
    *,
    sleep: Callable[[float], object] = time.sleep,
) -> None:
    """Set tasks waiting that are done on the server, though the folder lacks some of their items.

    Args:
        plan: the plan for the run.
        run: the run.
        worker: a worker of the run.
        known: what the folder knows.
        screen: shows what was done.
        sleep: waits for so many seconds.

    Raises:
        UsageError: the folder cannot be read.
        TaskfarmError: the server cannot be asked.
    """
    from taskfarm_sdk.execution import done_tasks, reopen_tasks

    folder = _folder(plan.options)
    assert folder is not None
    chunks = plan.chunks(run.num_tasks)

    def lacking(tasks: Iterable[int]) -> Iterator[int]:
        known.read_on()
        return (task for task in tasks if known.among(chunks.of(task)))

    try:
        done = done_tasks(worker, lacking(range(run.num_tasks)))
        # In this order: what they kept was on the disk before the server had them done.
        missing = list(lacking(done))
        if missing and _is_shared(folder):
            missing = _seen_late(missing, lacking, sleep)
        # Others may have begun some of them meanwhile.
        opened = reopen_tasks(worker, missing) if missing else []
        items = sum(len(known.among(chunks.of(task))) for task in opened)
    except OSError as error:
        raise UsageError(f"cannot read {error.filename}: {error.strerror}") from error
    if not opened:
        return
    screen.say(
        f"{folder} has no success of {counted(items, 'item')} of {counted(len(opened), 'task')} "
        "that the server calls done: they are computed again"
    )


def _seen_late(
    missing: list[int],
    lacking: Callable[[list[int]], Iterator[int]],
    sleep: Callable[[float], object],
) -> list[int]:
    """Return what is still lacking once a network file system cannot be only late."""
    give_up_at = time.monotonic() + SEEN_WITHIN_S
    while missing and time.monotonic() < give_up_at:
        sleep(LOOK_EVERY_S)
        missing = list(lacking(missing))
    return missing


def _is_shared(folder: Path) -> bool:
    from taskfarm_sdk.execution import is_shared

    return is_shared(folder)


def _folder(options: Options) -> Path | None:
    name = options.results if options.results is not None else options.log
    return None if name is None else Path(name)


def _check_number(options: Options, num_items: int) -> None:
    if options.results is not None and num_items > MOST_RESULTS:
        raise UsageError(
            f"--results keeps three files for each item, and there are {num_items:,}: use --log "
            f"with over {MOST_RESULTS:,}, which keeps two files for each workTF"
        )


def _identity_in(folder: Path) -> Identity | None:
    path = folder / IDENTITY
    try:
        found = read_identity(folder)
        is_there = found is not None or path.exists()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    if found is None and is_there:
        raise UsageError(f"{path} is damaged, and says no more whose output this is: remove it")
    return found


def _check_same(folder: Path, found: Identity, uuid: str, items: int, chunk: int) -> None:
    if found.run != uuid:
        raise UsageError(
            f"{folder} holds the output of run {found.run}, not of {uuid}: give another folder"
        )
    if (found.items, found.chunk) != (items, chunk):
        raise UsageError(
            f"{folder} holds the output of {found.items:,} items in chunks of {found.chunk:,}, and "
            f"these are {items:,} in chunks of {chunk:,}: are they the items of this "
            "run?"
        )


def _nobodys(folder: Path) -> UsageError:
    return UsageError(
        f"{folder} holds output, and no {IDENTITY} that says of which run: with chunks the folder "
        "decides what is left to do, so give another one"
    )


def _written(folder: Path, own: Identity) -> Identity:
    """Write what the folder is for, unless another workTF has just done so; return what it says."""
    path = folder / IDENTITY
    beside = folder / f".{IDENTITY}.{secrets.token_hex(4)}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        beside.write_text(own.to_json(), encoding="utf-8")
        try:
            # Unlike a file that is opened exclusively, it is never seen half-written.
            os.link(beside, path)
        except FileExistsError:
            return _identity_in(folder) or own
        except OSError:
            beside.replace(path)  # no hard links here
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from error
    finally:
        with suppress(OSError):
            beside.unlink()
    return own
