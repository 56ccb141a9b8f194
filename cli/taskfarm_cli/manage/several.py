"""`--watch` and `--wait` of several runs, from their names to the exit status."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import TYPE_CHECKING

import attrs

from taskfarm_cli.common import connection_options, run_files
from taskfarm_cli.common.credentials import open_farm
from taskfarm_cli.common.exit_status import CommandError, ExitStatus, status_of
from taskfarm_cli.common.guard import complain
from taskfarm_cli.common.log_lines import outage_log
from taskfarm_cli.common.run_name import RunName
from taskfarm_cli.common.text import counted, manage_command
from taskfarm_cli.manage.follow import Clock, Follower, SystemClock
from taskfarm_cli.manage.mode import PROGRAM
from taskfarm_cli.manage.run_list import unfinished
from taskfarm_cli.manage.standing import Row, Standing, Watched

if TYPE_CHECKING:
    from taskfarm_cli.manage.mode import Arguments
    from taskfarm_cli.manage.output.base import Board, Output
    from taskfarm_cli.manage.progress import Progress
    from taskfarm_sdk import Farm, Run, RunStatus

# The last line names so many runs of each kind.
_MOST_NAMED = 5
# An error of these kinds meets the other runs too.
_OF_ALL_RUNS = (ExitStatus.NOT_REACHABLE, ExitStatus.NOT_AUTHENTICATED)


def follow_several(
    arguments: Arguments, output: Output, *, silent: bool, clock: Clock | None = None
) -> ExitStatus:
    """Follow runs until all are over.

    Args:
        arguments: the command line, with the names of the runs or `--unfinished`.
        output: shows them.
        silent: whether to show each run only when it is finished.
        clock: the clock of all waits; None for that of this machine.

    Raises:
        CommandError: a name fits no run, tasks failed, a run was deleted or cannot be read, or the
            time is over.
        TaskfarmError: the server cannot be reached at the start, or refuses the credentials.
    """
    names = [RunName(text, whole=False) for text in arguments.uuids]
    clock = clock or SystemClock()
    say = partial(complain, PROGRAM)
    with open_farm(arguments) as farm:
        found = _unfinished(farm, say) if arguments.unfinished else _named(farm, names)
        watched = _watched(farm, found, clock)
        if not watched:
            say("no run is unfinished")
            return ExitStatus.OK
        with _board(output, silent=silent) as board:
            all_over = Follower(farm, watched, board, say, clock).follow(arguments.timeout_s)
        if silent:
            for one in watched:
                if not one.is_over:
                    output.run(one.run, one.status, one.row.items)
        rows = [one.row for one in watched]
        if all_over:
            rows = _with_failures(rows, say)
    return verdict(rows, arguments.baseurl, None if all_over else arguments.timeout_s)


def verdict(rows: Sequence[Row], baseurl: str | None, timeout_s: float | None = None) -> ExitStatus:
    """Return the exit status of the runs at the end.

    Args:
        rows: the runs.
        baseurl: the URL given with -b, which commands in messages need too.
        timeout_s: the time that was over before all were finished; None if it was not.

    Raises:
        CommandError: the exit status is not 0.
    """
    told: list[str] = []
    statuses: list[ExitStatus] = []
    left = [row for row in rows if not row.standing.is_over]
    if timeout_s is not None and left:
        told.append(_told(left, f"not finished after {timeout_s:g} s"))
        statuses.append(ExitStatus.NOT_FINISHED)
    for standing, what, status in (
        (Standing.UNREADABLE, "could not be read", ExitStatus.FAILED),
        (Standing.DELETED, "deleted", ExitStatus.NO_SUCH_RUN),
    ):
        if found := [row for row in rows if row.standing is standing]:
            told.append(_told(found, what))
            statuses.append(status)
    if failed := [row for row in rows if row.standing is Standing.FAILED]:
        told.append(_of_failed(failed, baseurl))
        statuses.append(ExitStatus.TASKS_FAILED)
    if doubtful := [row for row in rows if _is_in_doubt(row)]:
        told.append(_told(doubtful, "finished, unknown whether tasks failed"))
        statuses.append(ExitStatus.FAILED)
    if not told:
        return ExitStatus.OK
    raise CommandError(f"of {counted(len(rows), 'run')}: {'; '.join(told)}", statuses[0])


def _watched(farm: Farm, found: Iterable[tuple[Run, RunStatus]], clock: Clock) -> Sequence[Watched]:
    notes = run_files.notes_of(farm.url)
    return [
        Watched(
            run,
            status,
            run_files.items_of(run),
            clock.now(),
            name=notes[run.uuid].name if run.uuid in notes else None,
        )
        for run, status in found
    ]


def _named(farm: Farm, names: Iterable[RunName]) -> Iterator[tuple[Run, RunStatus]]:
    """Yield the runs that were asked for, each once."""
    seen: set[str] = set()
    for name in names:
        run, status = name.find_with_status(farm, connection_options.GIVE_UP_AFTER_S)
        if run.uuid not in seen:
            seen.add(run.uuid)
            yield run, status


def _unfinished(farm: Farm, say: Callable[[str], None]) -> Iterator[tuple[Run, RunStatus]]:
    """Yield the server's runs that are not finished."""
    with outage_log(PROGRAM):
        found = unfinished(farm, reads_all=True)
    statuses = found.statuses(1)
    for run in found.runs:
        status = statuses[run.uuid]
        if status is None:
            say(f"run {run.uuid} cannot be read, and is left out")
        else:
            yield run, status


class _AtTheEnd:
    """Shows each run when it is finished."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._shown: set[str] = set()

    def show(self, rows: Sequence[Row], changed: Row) -> None:  # noqa: ARG002 - as Board has it
        """Show a run if it is finished."""
        if changed.status.finished and changed.run.uuid not in self._shown:
            self._shown.add(changed.run.uuid)
            self._output.run(changed.run, changed.status, changed.items)

    def shown(self) -> None:
        """Return that all runs are read alike."""


def _board(output: Output, *, silent: bool) -> AbstractContextManager[Board]:
    return nullcontext(_AtTheEnd(output)) if silent else output.board()


def _is_in_doubt(row: Row) -> bool:
    return row.standing is Standing.FINISHED and row.status.failed is None


def _with_failures(rows: Sequence[Row], say: Callable[[str], None]) -> list[Row]:
    """Return finished runs with their numbers of failed tasks, where their counts do not show them.

    A number that cannot be read stays unknown, and the others are read all the same.
    """
    from taskfarm_cli.manage.progress import Progress
    from taskfarm_sdk import TaskfarmError

    told: list[Row] = []
    is_away = False
    with Progress() as progress:
        for row in rows:
            found = row
            if _is_in_doubt(row) and not is_away:
                try:
                    found = _with_failed(row, progress)
                except TaskfarmError as error:
                    is_away = status_of(error) in _OF_ALL_RUNS
                    progress.clear()
                    say(f"tasks of run {row.run.uuid} cannot be read: {error}")
            told.append(found)
    return told


def _with_failed(row: Row, progress: Progress) -> Row:
    failed = 0
    for info in row.run.task_infos():
        if info.state not in ("done", "failed"):
            return row  # it was reset
        failed += info.state == "failed"
        progress.show(info.number + 1, row.run.num_tasks)
    standing = Standing.FAILED if failed else Standing.FINISHED
    return row._replace(status=attrs.evolve(row.status, failed=failed), standing=standing)


def _told(rows: Sequence[Row], what: str) -> str:
    named = ", ".join(row.run.uuid for row in rows[:_MOST_NAMED])
    more = f" and {len(rows) - _MOST_NAMED} more" if len(rows) > _MOST_NAMED else ""
    return f"{len(rows)} {what} ({named}{more})"


def _of_failed(rows: Sequence[Row], baseurl: str | None) -> str:
    told = ", ".join(
        f"{row.status.failed} of {counted(row.status.num_tasks, 'task')} of run {row.run.uuid}"
        for row in rows[:_MOST_NAMED]
    )
    more = f" and tasks of {len(rows) - _MOST_NAMED} more" if len(rows) > _MOST_NAMED else ""
    run = rows[0].run.uuid if len(rows) == 1 else "UUID"
    listing = manage_command(baseurl, "--tasks", "--state", "failed", run)
    reset = manage_command(baseurl, "--reset-failed", run)
    return f"{told}{more} failed: {listing} lists them, {reset} sets them waiting"
