"""The manifest of a run that `workTF --create` created, and what it tells about the run.

It is stored twice: as `taskfarm-UUID.json` in the current folder, and as a note in the user's state
folder, which is found from any folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from taskfarm_cli.common import run_files
from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.common.text import command, counted
from taskfarm_cli.work.command_line.arguments import PROGRAM
from taskfarm_sdk._items.chunks import Chunks
from taskfarm_sdk._run_notes import RunNote
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
        items: how many items they have.
        inputs_sha256: the digest of the inputs, or None where there are none.
    """

    url: str
    command: tuple[str, ...]
    shell: bool
    num_tasks: int
    items: int
    inputs_sha256: str | None

    def is_the_same(self, other: Work | None) -> bool:
        """Return whether another is the same work, in however many tasks it is done."""
        return other is not None and self._replace(num_tasks=0) == other._replace(num_tasks=0)


def write(run: Run, work: Work, kept_in: str | None = None, name: str | None = None) -> None:
    """Write the manifest of a new run, to both places.

    Args:
        run: the run.
        work: its work.
        kept_in: the folder of `--results` or `--log`, if there is one.
        name: the run's name, if it has one.

    Raises:
        OSError: it cannot be written to the current folder.
    """
    note = RunNote(
        run=run.uuid,
        chunk=-(-work.items // work.num_tasks),
        results=None if kept_in is None else str(Path(kept_in).absolute()),
        name=name,
        **work._asdict(),
    )
    run_files.write(note)


def check(run: Run, plan: Plan) -> Plan:
    """Return the plan for a run, and refuse inputs that are not the run's own.

    Raises:
        UsageError: the inputs cannot be cut into the run's tasks, or not as was asked for, or a
            manifest of the run in the folder or a note names other inputs, or a function that
            computes them.
    """
    # A note without a function and a command is of `manageTF --create`, which knows no inputs.
    manifests = [(note, path) for note, path in run_files.known(run.uuid) if _is_for_work(note)]
    for note, _ in manifests:
        if note.function is not None:
            raise UsageError(_of_a_function(note))
    fault = _fault_of_number(run.num_tasks, plan, [note for note, _ in manifests])
    if fault:
        origin = _origin(*manifests[0]) if manifests else ""
        raise UsageError(f"run {run.uuid} has {fault}{origin}")
    given = None if plan.inputs is None else plan.inputs.digest()
    for note, path in manifests:
        if note.inputs_sha256 != given:
            raise UsageError(_difference(note, path, given))
    return plan.of_run(run.num_tasks)


def _fault_of_number(tasks: int, plan: Plan, notes: Sequence[RunNote]) -> str:
    """Return why so many inputs are not those of so many tasks; an empty text if they may be."""
    items, asked = plan.num_items, plan.options.chunk
    if plan.inputs is None or (items == tasks and asked is None):
        return ""
    has = counted(tasks, "task")
    inputs = counted(items, "input")
    if asked is not None:
        if plan.num_tasks == tasks:
            return ""
        return (
            f"{has}, and {inputs} with --chunk {asked} are {plan.num_tasks}: give the inputs and "
            "the --chunk that it was created with."
        )
    if any(note.items == items for note in notes) and _can_be_cut(items, tasks):
        return ""
    # Without a note, nothing tells whether its tasks have several of them each.
    several = " If each task has several, give --chunk too." if not notes and items > tasks else ""
    are = "is" if items == 1 else "are"
    return f"{has}, and there {are} {inputs}: is it the right file?{several}"


def _can_be_cut(items: int, tasks: int) -> bool:
    try:
        Chunks(items, tasks)
    except ConfigurationError:
        return False
    return True


def _of_a_function(note: RunNote) -> str:
    """Return that the items of a run are not for commands."""
    join = command(PROGRAM, "--join", note.results or "FOLDER")
    return (
        f"run {note.run} is for the function {note.function}, which `farm.map` "
        f"or `farm.prepare` was given, and commands would take its tasks away: {join} computes them"
    )


def _difference(note: RunNote, path: Path, given: str | None) -> str:
    """Return how the inputs given differ from those that a run was created with."""
    uuid, created_with = note.run, note.inputs_sha256
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
    return f"{fault}.{_origin(note, path)}. For other inputs, create another run with --create"


def _origin(note: RunNote, path: Path) -> str:
    """Return where a run was created, for the end of a message."""
    return f" It was created in {note.folder} at {note.time} for {note.url}, as {path} says"


def unleased_after_s(run: Run, asked: float | None) -> UnleasedAfter:
    """Return after how long a worker takes over a task without a heartbeat.

    Args:
        run: the run.
        asked: the user's value, or None.
    """
    if asked is not None:
        return asked
    # The workers of a run that workTF created are most likely workTFs, which send heartbeats.
    is_ours = any(_is_for_work(note) for note, _ in run_files.known(run.uuid))
    return "stale_after_s" if is_ours else "auto"


def unfinished(farm: Farm, work: Work) -> str | None:
    """Return the UUID of an unfinished run of the same work that was made here, if there is one."""
    from taskfarm_sdk import RunNotFound

    for note in run_files.of_this_folder():
        if not note.finished and work.is_the_same(_work(note)):
            with suppress(RunNotFound):
                if not farm.get_run(note.run).status().finished:
                    return note.run
    return None


def _is_for_work(note: RunNote) -> bool:
    return note.command is not None or note.function is not None


def _work(note: RunNote) -> Work | None:
    """Return the work that a note is about; None where a function computes it."""
    if note.command is None:
        return None
    return Work(note.url, note.command, note.shell, note.num_tasks, note.items, note.inputs_sha256)
