"""The manifest of a run that `workTF --create` created.

It is stored twice: as `taskfarm-UUID.json` in the current folder, and as a note beside the saved
logins, which is found from any folder.
"""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from taskfarm_cli.common import run_notes
from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.common.text import counted
from taskfarm_sdk._items.chunks import Chunks
from taskfarm_sdk.errors import ConfigurationError

if TYPE_CHECKING:
    from taskfarm_cli.work.plan import Plan
    from taskfarm_sdk import Farm, Run


UnleasedAfter = float | Literal["auto", "stale_after_s"]


class Work(NamedTuple):
    """The work of a run.

    Attributes:
        url: the API's URL.
        command: the command's words, as the user wrote them.
        shell: whether a shell runs it.
        num_tasks: how many tasks there are.
        inputs_sha256: the digest of the inputs, or None where there are none.
        items: how many items there are.
        chunk: how many items a task has; the last may have fewer.
    """

    url: str
    command: tuple[str, ...]
    shell: bool
    num_tasks: int
    inputs_sha256: str | None
    items: int
    chunk: int

    def is_the_same(self, other: Work) -> bool:
        """Return whether this is the same work, in however many tasks it is done."""
        return self._replace(num_tasks=0, chunk=0) == other._replace(num_tasks=0, chunk=0)


class _Known(NamedTuple):
    """The contents of a manifest.

    Attributes:
        uuid: the run's.
        work: its work.
        folder: where the run was created.
        time: when.
        path: the manifest's file.
    """

    uuid: str
    work: Work
    folder: str
    time: str
    path: Path


def write(run: Run, work: Work) -> None:
    """Write the manifest of a new run, to both places.

    Raises:
        OSError: it cannot be written to one of them.
    """
    path = _path(run.uuid)
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    facts = {"run": run.uuid, **work._asdict(), "folder": str(Path.cwd()), "time": now}
    text = json.dumps(facts, indent=2) + "\n"
    try:
        run_notes.write_note(run.uuid, text)
    finally:
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)


def forget(uuid: str) -> None:
    """Remove the manifest of a run that was deleted, from both places."""
    run_notes.forget_note(uuid)
    with suppress(OSError):
        _path(uuid).unlink()


def check(run: Run, plan: Plan) -> Plan:
    """Return the plan for a run, and refuse inputs that are not the run's own.

    Raises:
        UsageError: they cannot be cut into the run's tasks, or not as was asked for, or a manifest
            of the run in the folder or beside the login names other inputs.
    """
    places = (_path(run.uuid), run_notes.note_path(run.uuid))
    manifests = [known for path in places if (known := _read(path)) is not None]
    if plan.inputs is not None and (fault := _fault_of_number(run, plan, manifests)):
        raise UsageError(f"{fault}{_origin(manifests[0]) if manifests else ''}")
    given = None if plan.inputs is None else plan.inputs.digest()
    for known in manifests:
        if known.work.inputs_sha256 != given:
            raise UsageError(_difference(known, given))
    return plan.of_run(run.num_tasks)


def _fault_of_number(run: Run, plan: Plan, manifests: Sequence[_Known]) -> str:
    """Return why so many inputs are not those of so many tasks; an empty text if they may be."""
    items, asked = plan.num_items, plan.options.chunk
    tasks = counted(run.num_tasks, "task")
    if asked is not None and plan.num_tasks != run.num_tasks:
        made = counted(plan.num_tasks, "task")
        return (
            f"{counted(items, 'input')} with --chunk {asked} are {made}, and run {run.uuid} has "
            f"{run.num_tasks}: give the inputs and the --chunk that it was created with."
        )
    if asked is not None or items == run.num_tasks:
        return ""
    if any(known.work.items == items for known in manifests) and _can_be_cut(items, run.num_tasks):
        return ""
    several = (
        ""
        if manifests or items < run.num_tasks
        else (" If its tasks have several inputs each, give its --chunk too.")
    )
    return (
        f"run {run.uuid} has {tasks}, and there {'is' if items == 1 else 'are'} "
        f"{counted(items, 'input')}: is it the right file?{several}"
    )


def _can_be_cut(items: int, tasks: int) -> bool:
    try:
        Chunks(items, tasks)
    except ConfigurationError:
        return False
    return True


def _difference(known: _Known, given: str | None) -> str:
    """Return how the inputs given differ from those that a run was created with."""
    uuid, created_with = known.uuid, known.work.inputs_sha256
    if given is None:
        fault = (
            f"run {uuid} was created with inputs: give them with --inputs, --csv, --grid, --glob "
            "or :::, as then"
        )
    elif created_with is None:
        fault = f"run {uuid} was created without inputs: leave them out"
    else:
        fault = (
            f"these inputs are not those of run {uuid}: have they changed? Their "
            f"SHA-256 is {given[:12]}…, not {created_with[:12]}…"
        )
    return f"{fault}.{_origin(known)}. For other inputs, create another run with --create"


def _origin(known: _Known) -> str:
    """Return where a run was created, for the end of a message."""
    return (
        f" It was created in {known.folder} at {known.time} for {known.work.url}, as {known.path} "
        "says"
    )


def unleased_after_s(run: Run, asked: float | None) -> UnleasedAfter:
    """Return after how long a worker takes over a task without a heartbeat.

    Args:
        run: the run.
        asked: the user's value, or None.
    """
    if asked is not None:
        return asked
    known = (_read(path) for path in (_path(run.uuid), run_notes.note_path(run.uuid)))
    # The workers of a run that workTF created are most likely workTFs, which send heartbeats.
    is_known = any(one is not None and one.uuid == run.uuid for one in known)
    return "stale_after_s" if is_known else "auto"


def unfinished(farm: Farm, work: Work) -> str | None:
    """Return the UUID of an unfinished run of the same work that was made here, if there is one."""
    from taskfarm_sdk import RunNotFound

    for known in _all_here():
        if known.work.is_the_same(work):
            with suppress(RunNotFound):
                if not farm.get_run(known.uuid).status().finished:
                    return known.uuid
    return None


def _path(uuid: str) -> Path:
    return Path(f"taskfarm-{uuid}.json")


def _all_here() -> Iterator[_Known]:
    """Return the manifests of runs that were created in this folder, wherever they are kept."""
    here = str(Path.cwd())
    seen: set[str] = set()
    for path in sorted(Path().glob("taskfarm-*.json")):
        if (known := _read(path)) is not None:
            seen.add(known.uuid)
            yield known
    for path in run_notes.all_notes():
        if path.stem in seen:
            continue
        if (known := _read(path)) is not None and known.folder == here:
            yield known


def _read(path: Path) -> _Known | None:
    """Return a manifest, or None if the file is missing or holds none."""
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        # Not there where each item had a task.
        facts.setdefault("items", facts["num_tasks"])
        facts.setdefault("chunk", 1)
        url, command, *rest = [facts[name] for name in Work._fields]
        work = Work(url, tuple(command), *rest)
        uuid, folder, time = (str(facts[name]) for name in ("run", "folder", "time"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return _Known(uuid, work, folder, time, path)
