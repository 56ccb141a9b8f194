"""`--tasks --map`: where the picture of a run comes from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from taskfarm_cli.common import run_files
from taskfarm_cli.common.exit_status import CommandError, ExitStatus, UsageError
from taskfarm_cli.common.terminal import can_ask, confirm
from taskfarm_cli.manage.picture import Picture
from taskfarm_cli.manage.progress import Progress

if TYPE_CHECKING:
    from taskfarm_cli.manage.mode import Arguments
    from taskfarm_cli.manage.output.base import Output
    from taskfarm_sdk import Run, RunStatus

# As many as a report has: a wide terminal shows no more characters.
_MOST_CELLS = 1000
# Of so many tasks each is read from the server without a question.
_MOST_UNASKED = 1000


def check_folders(arguments: Arguments) -> None:
    """Check that the folders are there, before anything is sent.

    Raises:
        UsageError: one is not, or options do not go together.
    """
    given = [
        (option, value)
        for option, value in (
            ("--journal", arguments.journal),
            ("--results", arguments.results),
            ("--read-tasks", arguments.read_tasks),
        )
        if value is not None
    ]
    if len(given) > 1:
        raise UsageError(f"--map has one source: give {' or '.join(option for option, _ in given)}")
    for option, folder in given:
        if isinstance(folder, str) and not (folder and Path(folder).is_dir()):
            raise UsageError(f"{option}: there is no folder {folder!r}")


def show_map(arguments: Arguments, run: Run, output: Output) -> ExitStatus:
    """Show the run as a picture, from the source that was asked for, or the best one known.

    Raises:
        CommandError: a folder cannot be read, or nobody agreed to a request for each task.
        TaskfarmError: the server does not answer, or a results folder may not be trusted.
    """
    output.picture(run, _picture(arguments, run))
    return ExitStatus.OK


def _picture(arguments: Arguments, run: Run) -> Picture:
    if arguments.journal is not None:
        return _by_journal(Path(arguments.journal), run)
    if arguments.results is not None:
        return _by_results(Path(arguments.results), run)
    noted = None if arguments.read_tasks else _noted_results(run)
    if noted is not None:
        return _by_results(noted, run)
    if not arguments.read_tasks:
        _make_sure(run)
    return _by_server(run)


def _by_journal(folder: Path, run: Run) -> Picture:
    from taskfarm_cli.outcomes.journal import JournalReader
    from taskfarm_cli.outcomes.states import TaskStates, difference

    status = run.status()
    _refuse_too_many(status.num_tasks, "task")
    states = TaskStates(status.num_tasks)
    try:
        for attempt in JournalReader(folder, run.uuid, status.num_tasks).attempts():
            states.add(attempt)
    except OSError as error:
        raise CommandError(
            f"--journal: {str(folder)!r} cannot be read ({error.strerror})"
        ) from error
    if states.settled > status.done:
        # Tasks may have been completed since.
        status = run.status()
    # Only if journal and server agree is it known what the others are.
    agrees = states.settled == status.done
    unknown = "waiting or computing" if agrees else "unknown"
    cells = states.cells(_open_state(status) if agrees else "unknown", _MOST_CELLS)
    remark = difference(states.settled, status.done)
    return Picture("journal", str(folder), "task", unknown, cells, remark)


def _open_state(status: RunStatus) -> str:
    """Return the state of the tasks that are not done, if all are in the same one."""
    if status.waiting and status.computing:
        return "unknown"
    return "waiting" if status.waiting else "computing"


def _by_results(folder: Path, run: Run) -> Picture:
    from taskfarm_cli.outcomes.item_facts import item_cells
    from taskfarm_cli.outcomes.items import check_results, open_items

    check_results(folder, run.uuid)
    try:
        items = open_items(folder)
        _refuse_too_many(items.num_items, "item")
        cells = item_cells(items.states(), _MOST_CELLS)
    except OSError as error:
        raise CommandError(
            f"--results: {str(folder)!r} cannot be read ({error.strerror})"
        ) from error
    return Picture("results", str(folder), "item", "no result so far", cells)


def _refuse_too_many(number: int, noun: str) -> None:
    from taskfarm_cli.outcomes.states import MOST_TASKS

    if number > MOST_TASKS:
        raise CommandError(f"there is no picture of a run with more than {MOST_TASKS:,} {noun}s")


def _by_server(run: Run) -> Picture:
    from taskfarm_cli.report.scan import TaskFacts

    total = run.num_tasks
    with Progress() as progress:
        facts = TaskFacts(run.task_infos(), total, lambda read: progress.show(read, total))
    return Picture("server", None, "task", "unknown", facts.cells)


def _noted_results(run: Run) -> Path | None:
    """Return the results folder of a run that its note names, if it is there and of this run."""
    from taskfarm_cli.outcomes.items import check_results

    items = run_files.items_of(run)
    if items is None or items.kept_in is None:
        return None
    try:
        check_results(Path(items.kept_in), run.uuid)
    except (UsageError, OSError):
        return None
    return Path(items.kept_in)


def _make_sure(run: Run) -> None:
    """Ask before many requests are sent.

    Raises:
        CommandError: the answer was no, or there is nobody to ask.
    """
    if run.num_tasks <= _MOST_UNASKED:
        return
    cost = f"reading {run.num_tasks:,} tasks takes a request for each"
    if not can_ask():
        raise UsageError(
            f"{cost}: give --results or --journal, which take none, or --read-tasks to read them"
        )
    if not confirm(f"{cost[0].upper()}{cost[1:]}; --results or --journal take none. Read them?"):
        raise CommandError("no task was read")
