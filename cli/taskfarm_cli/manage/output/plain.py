"""Lines for pipes and scripts, in the formats of taskfarm-worker's manageTF."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from taskfarm_cli.common.text import field, printable

if TYPE_CHECKING:
    from taskfarm_cli.common.run_files import RunItems, RunNote
    from taskfarm_cli.manage.output.base import Board, Identity
    from taskfarm_cli.manage.picture import Picture
    from taskfarm_cli.manage.run_list import RunList
    from taskfarm_cli.manage.standing import Row
    from taskfarm_sdk import Run, RunStatus, TaskInfo
    from taskfarm_sdk.logins import Login

_ACCEPTED = {True: "yes", False: "no", None: "unknown"}
_PICTURE_COLUMNS = 80


def line_of_run(run: Run) -> str:
    """Return `ID UUID NUMTASKS`; what another client stored as NUMTASKS stays one field."""
    return f"{run.id} {run.uuid} {field(run.num_tasks_text)}"


def line_of_status(run: Run, status: RunStatus) -> str:
    """Return `ID UUID NUMTASKS (WAITING,COMPUTING,DONE) PERCENT`."""
    counts = f"({status.waiting},{status.computing},{status.done})"
    return f"{line_of_run(run)} {counts} {status.percent_done}"


def line_of_task(info: TaskInfo) -> str:
    """Return `NUMBER STATE PERCENT ATTEMPTS`."""
    return f"{info.number} {info.state} {info.percent_completed} {info.attempts}"


class _Lines:
    """Prints a line for each change of one of several runs."""

    def __init__(self) -> None:
        self._before: dict[str, str] = {}

    def show(self, rows: Sequence[Row], changed: Row) -> None:  # noqa: ARG002 - as Board has it
        """Print the line of a run if it differs from its last one."""
        line = line_of_status(changed.run, changed.status)
        if self._before.get(changed.run.uuid) != line:
            print(line, flush=True)
        self._before[changed.run.uuid] = line

    def shown(self) -> None:
        """Return that all runs are shown."""


class Plain:
    """Prints lines in a fixed format, the same on every machine and terminal."""

    def runs(self, listed: RunList) -> None:
        """Print a line for each run."""
        for run in listed.runs:
            print(line_of_run(run))

    def history(self, notes: Sequence[RunNote]) -> None:
        """Print a line for each run that was created here."""
        from taskfarm_cli.manage.output.history import line_of_note

        for note in notes:
            print(line_of_note(note))

    def run(self, run: Run, status: RunStatus, items: RunItems | None = None) -> None:  # noqa: ARG002 - as Output has it
        """Print a line with the status of the run."""
        print(line_of_status(run, status))

    def follow(
        self,
        run: Run,
        statuses: Iterable[RunStatus],
        items: RunItems | None = None,  # noqa: ARG002 - as Output has it
    ) -> RunStatus | None:
        """Print each line that differs from the last one."""
        # Compares lines, not statuses, because NaN differs from itself.
        before, status = "", None
        for status in statuses:
            line = line_of_status(run, status)
            if line != before:
                print(line, flush=True)
            before = line
        return status

    def board(self) -> AbstractContextManager[Board]:
        """Return what prints a line for each change of a run: the same lines as `follow`."""
        return nullcontext(_Lines())

    def created(self, run: Run) -> None:
        """Print the new run's UUID."""
        print(run.uuid)

    def tasks(self, run: Run, infos: Iterable[TaskInfo]) -> None:  # noqa: ARG002 - as Output has it
        """Print a line for each task."""
        for info in infos:
            print(line_of_task(info), flush=True)

    def picture(self, run: Run, picture: Picture) -> None:
        """Print the picture as wide as a usual terminal."""
        from taskfarm_cli.manage.picture import lines_of

        for line in lines_of(run, picture, _PICTURE_COLUMNS):
            print(line)

    def changed(self, run: Run, count: int | None = None) -> None:
        """Print nothing: the exit status is enough."""

    def login(self, login: Login) -> None:
        """Print nothing: the exit status is enough."""

    def identity(self, identity: Identity) -> None:
        """Print a line for each value."""
        print(f"url: {printable(identity.url)}")
        print(f"user: {printable(identity.user or 'unknown')}")
        print(f"credentials: {identity.source or 'none'}")
        print(f"accepted: {_ACCEPTED[identity.accepted]}")
