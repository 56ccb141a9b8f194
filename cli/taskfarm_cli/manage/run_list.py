"""The runs of a server, and what is asked about each of them.

The list itself is one request. The status of a run takes one more, which is sent only for the runs
that are shown with it, or that `--unfinished` has to know.

A run that was seen finished may have been reset since, and the server does not tell. So each status
that is shown was read for it. `--unfinished` shows no finished runs, and need not read all of them
again: it leaves out those that were seen finished. To see resets all the same, it reads some of
these again each time, and the commands forget the finish of a run that they reset. Where nothing
can be noted, these would be the same ones for ever, and so all runs are read. `--wait` and
`--watch` read all runs, once.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from taskfarm_cli.common import connection_options
from taskfarm_cli.common.at_once import for_each
from taskfarm_cli.common.exit_status import ExitStatus, status_of
from taskfarm_cli.common.guard import complain
from taskfarm_cli.common.text import counted
from taskfarm_sdk.errors import RequestRejected, RunNotFound, ServerError, UnexpectedReply

# Imported on use, because the list for a pipe needs none of it.
if TYPE_CHECKING:
    from taskfarm_cli.common.run_files import RunNote
    from taskfarm_cli.manage.progress import Progress
    from taskfarm_sdk import Farm, Run, RunStatus

_PROGRAM = "manageTF"
# So many runs that were seen finished are read again by each `--unfinished`, those read longest ago
# first: of as many runs, a reset elsewhere is seen at once, and of more runs after some lists.
MOST_AGAIN = 100
# From so many requests on, their number is said before.
MANY_REQUESTS = 1000

# None where a run could not be read although the server answers.
Statuses = Mapping[str, "RunStatus | None"]


class RunList:
    """Runs of a server, the newest last, and what can be asked about them.

    Args:
        farm: the server.
        runs: the runs.
        statuses: the statuses of all of them, if these were read, by the runs' UUIDs.

    Attributes:
        runs: the runs.
        is_read: whether the statuses of all of them were read.
    """

    def __init__(self, farm: Farm, runs: Sequence[Run], statuses: Statuses | None = None) -> None:
        self.runs = runs
        self.is_read = statuses is not None
        self._farm = farm
        self._statuses = statuses

    def notes(self) -> Mapping[str, RunNote]:
        """Return what is noted about runs of the server, by their UUIDs."""
        from taskfarm_cli.common import run_files

        return run_files.notes_of(self._farm.url)

    def statuses(self, most: int) -> Statuses:
        """Return the statuses of the newest runs, by their UUIDs, with a request for each.

        Args:
            most: how many runs at most, 1 or more; without meaning if all were read.
        """
        if self._statuses is not None:
            return self._statuses
        began = int(time.time())
        found = _read(self.runs[-most:])
        _note(self._farm, found, self.runs, began)
        return found


def unfinished(farm: Farm, *, reads_all: bool = False) -> RunList:
    """Return the runs of a server that are not finished, with their statuses.

    A run whose status cannot be read, although the server answers, counts as not finished.

    Args:
        farm: the server.
        reads_all: whether to read those too that were seen finished, so that none is missed that
            was reset elsewhere.

    Raises:
        TaskfarmError: the server cannot be asked.
    """
    from taskfarm_sdk import _finished_runs

    runs = all_runs(farm)
    began = int(time.time())
    seen = _finished_runs.seen(farm.url)
    known = sorted((run for run in runs if run.uuid in seen), key=lambda run: seen[run.uuid])
    left_out = set[str]() if reads_all else {run.uuid for run in known[MOST_AGAIN:]}
    asked = [run for run in runs if run.uuid not in left_out]
    if len(asked) > MANY_REQUESTS:
        rest = "" if reads_all else "; those that are finished are left out from now on"
        complain(
            _PROGRAM,
            f"reading {counted(f'{len(asked):,}', 'run')}, with one request for each{rest}",
        )
    statuses = dict(_read_many(asked))
    unkept = _note(farm, statuses, runs, began)
    if unkept is not None:
        complain(
            _PROGRAM, f"which runs are finished cannot be noted in {unkept}: all are read each time"
        )
        statuses |= _read_many([run for run in runs if run.uuid in left_out])
    left = [run for run in runs if run.uuid in statuses and not _is_finished(statuses[run.uuid])]
    return RunList(farm, left, statuses)


def all_runs(farm: Farm) -> Sequence[Run]:
    """Return all runs of a server, the newest last."""
    # The first request gives up soon, however long later requests are retried.
    return farm.runs(give_up_after_s=connection_options.GIVE_UP_AFTER_S)


def _read_many(runs: Sequence[Run]) -> Statuses:
    """Read the statuses of runs, and show how far it is."""
    from taskfarm_cli.manage.progress import Progress

    with Progress() as progress:
        return _read(runs, progress)


def _read(runs: Sequence[Run], progress: Progress | None = None) -> Statuses:
    """Read the statuses of runs; a run that was deleted meanwhile has none."""
    statuses: dict[str, RunStatus | None] = {}

    def keep(found: Statuses) -> None:
        statuses.update(found)
        if progress is not None:
            progress.show(len(statuses), len(runs), "run")

    for_each(_status, runs, keep)
    return statuses


def _status(run: Run) -> Statuses:
    try:
        return {run.uuid: run.status()}
    except RunNotFound:
        return {}
    except ServerError as error:
        if status_of(error) == ExitStatus.NOT_REACHABLE:
            raise
        return {run.uuid: None}
    except (RequestRejected, UnexpectedReply):
        # Of one run, such as another client's: the others are to be seen.
        return {run.uuid: None}


def _note(farm: Farm, statuses: Statuses, runs: Sequence[Run], began: int) -> str | None:
    """Note which runs are finished; return where that failed and why, or None."""
    from taskfarm_sdk import _finished_runs

    finished = {uuid: began for uuid, status in statuses.items() if status and status.finished}
    unfinished = {uuid for uuid, status in statuses.items() if status and not status.finished}
    return _finished_runs.update(farm.url, finished, unfinished, {run.uuid for run in runs})


def _is_finished(status: RunStatus | None) -> bool:
    return status is not None and status.finished
