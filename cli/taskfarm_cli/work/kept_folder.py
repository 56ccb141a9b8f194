"""The folder of `--results` or `--log`: whose it is, and which items it leaves open."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.work.commands.identity import IDENTITY, Identity, publish, read_identity
from taskfarm_cli.work.commands.kept_items import holds_output
from taskfarm_cli.work.commands.open_items import OpenItems, OpenOfLogs, OpenOfResults
from taskfarm_cli.work.sources.origin import document_of

if TYPE_CHECKING:
    from taskfarm_cli.work.plan import Options, Plan
    from taskfarm_sdk import Run

# A folder holds three files for each item, and a file system slows down with so many.
MOST_RESULTS = 100_000


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


def identity_of(plan: Plan, run: Run) -> Identity | None:
    """Return what the folder says of a run; None where it says nothing, or is another run's.

    Raises:
        UsageError: it cannot be read.
    """
    folder = _folder(plan.options)
    found = None if folder is None else _identity_in(folder)
    return found if found is not None and found.run == run.uuid else None


def check_of(plan: Plan, run: Run) -> None:
    """Refuse a folder that this run's output cannot be kept in, and write nothing.

    Raises:
        UsageError: it is another run's, or would get too many files.
    """
    folder = _folder(plan.options)
    if folder is not None:
        _checked(folder, plan, _own(plan, run, ""))


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
    own = _own(plan, run, server)
    if _checked(folder, plan, own) is None:
        _check_same(folder, _published(folder, own), own)


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


def _folder(options: Options) -> Path | None:
    return None if options.kept_in is None else Path(options.kept_in)


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


def _own(plan: Plan, run: Run, server: str) -> Identity:
    """Return what the folder is to be for."""
    chunks = plan.chunks(run.num_tasks)
    own = Identity(server, run.uuid, chunks.items, chunks.size)
    if plan.inputs is None:
        return own
    origin = document_of(plan.options.asked)
    return attrs.evolve(own, inputs_sha256=plan.inputs.digest(), inputs=origin)


def _checked(folder: Path, plan: Plan, own: Identity) -> Identity | None:
    """Return what a folder is for, which is the same as is wanted; None if it does not say it."""
    if own.chunk > 1:
        _check_number(plan.options, own.items)
    found = _identity_in(folder)
    if found is not None:
        _check_same(folder, found, own)
    elif own.chunk > 1 and holds_output(folder) and _identity_in(folder) is None:
        # Read again: another workTF may have begun meanwhile.
        raise _nobodys(folder)
    return found


def _check_same(folder: Path, found: Identity, own: Identity) -> None:
    if found.run != own.run:
        raise UsageError(
            f"{folder} holds the output of run {found.run}, not of {own.run}: give another folder"
        )
    if (found.items, found.chunk) != (own.items, own.chunk):
        raise UsageError(
            f"{folder} holds the output of {found.items:,} items in chunks of {found.chunk:,}, and "
            f"these are {own.items:,} in chunks of {own.chunk:,}: are they the items of this "
            "run?"
        )
    if found.inputs_sha256 is not None and found.inputs_sha256 != own.inputs_sha256:
        raise UsageError(
            f"{folder} holds the output of other inputs than these, by their SHA-256: have they "
            "changed since? Give those that the run was created with"
        )


def _nobodys(folder: Path) -> UsageError:
    return UsageError(
        f"{folder} holds output, and no {IDENTITY} that says of which run: with chunks the folder "
        "decides what is left to do, so give another one"
    )


def _published(folder: Path, own: Identity) -> Identity:
    """Write what the folder is for, unless another workTF has just done so; return what it says."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        is_ours = publish(folder, own)
    except OSError as error:
        raise UsageError(f"cannot write {folder / IDENTITY}: {error.strerror}") from error
    return own if is_ours else _identity_in(folder) or own
