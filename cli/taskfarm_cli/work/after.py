"""The runs of `--after`, which are waited for before the first task is claimed."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import attrs

from taskfarm_cli.common.exit_status import CommandError, ExitStatus, UsageError
from taskfarm_cli.common.run_name import RunName
from taskfarm_cli.common.text import counted, manage_command

if TYPE_CHECKING:
    from taskfarm_cli.work.screen import Screen
    from taskfarm_cli.work.time_limit import End
    from taskfarm_sdk import Farm, Run, RunStatus

POLL_S = 2.0


class After:
    """The names of the runs, checked as far as possible without the server.

    Args:
        names: as they were given.
        baseurl: the URL given with -b, which commands in messages need too.

    Raises:
        UsageError: no run can have such a name.
    """

    def __init__(self, names: Sequence[str], baseurl: str | None = None) -> None:
        self._names = [RunName(name, whole=False) for name in names]
        self._baseurl = baseurl

    def __bool__(self) -> bool:
        return bool(self._names)

    def find(self, farm: Farm) -> Awaited:
        """Return the runs, before anything is created for what comes after them.

        Raises:
            CommandError: one is not there, or has failed already.
            RunNotFound: no run has this UUID.
        """
        from taskfarm_sdk import WaitTimeout

        runs: list[Run] = []
        for name in self._names:
            run, status = name.find_with_status(farm)
            if run.num_tasks < 1:
                raise UsageError(
                    f"run {run.uuid} was created by another client with an invalid number of tasks "
                    "and is never finished, so nothing can come after it"
                )
            if status.finished:
                # One that is set waiting meanwhile is waited for.
                with suppress(WaitTimeout):
                    _check(run, status, self._baseurl, 0)
            runs.append(run)
        return Awaited(tuple(runs), self._baseurl)


@attrs.frozen
class Awaited:
    """The runs that are waited for.

    Attributes:
        runs: the runs.
        baseurl: see `After`.
    """

    runs: tuple[Run, ...] = ()
    baseurl: str | None = None

    def refuse(self, run: Run) -> None:
        """Refuse that a run waits for itself.

        Raises:
            UsageError: it is among the runs.
        """
        if any(other.uuid == run.uuid for other in self.runs):
            raise UsageError(f"run {run.uuid} cannot wait for itself (--after)")

    def wait(self, screen: Screen, end: End | None = None) -> None:
        """Wait until all runs are finished, one after the other.

        Args:
            screen: shows what is waited for.
            end: the time at which workTF ends; None for never.

        Raises:
            CommandError: tasks of one failed, it was deleted, or the time is over.
        """
        from taskfarm_sdk import RunNotFound, WaitTimeout

        for run in self.runs:
            try:
                self._wait(run, screen, math.inf if end is None else end.at)
            except RunNotFound as error:
                raise CommandError(
                    f"run {run.uuid}, which --after waits for, was deleted",
                    ExitStatus.NO_SUCH_RUN,
                ) from error
            except WaitTimeout as error:
                text = "" if end is None else end.text
                raise CommandError(
                    f"stopped {text}, before run {run.uuid} (--after) was finished",
                    ExitStatus.NOT_FINISHED,
                ) from error

    def _wait(self, run: Run, screen: Screen, ends_at: float) -> None:
        is_told = False
        for status in run.watch(POLL_S, timeout_s=_left_s(ends_at)):
            done = f"{status.done} of {counted(status.num_tasks, 'task')} done"
            if status.finished:
                _check(run, status, self.baseurl, _left_s(ends_at))
            elif not is_told:
                is_told = True
                screen.say(f"waiting for run {run.uuid} (--after): {done}")
            screen.draw(f"waiting for run {run.uuid}", done)


def _left_s(ends_at: float) -> float | None:
    return None if ends_at == math.inf else max(0.0, ends_at - time.monotonic())


def _check(run: Run, status: RunStatus, baseurl: str | None, timeout_s: float | None) -> None:
    """Refuse to go on after a finished run that failed.

    Args:
        run: the run.
        status: its status.
        baseurl: see `After`.
        timeout_s: how long to wait if it is finished no longer; None for as long as it takes.

    Raises:
        CommandError: tasks of it failed.
        WaitTimeout: it is finished no longer, as when someone set failed tasks waiting.
    """
    if status.failed is None:
        # The counts do not show failures; `wait` reads the tasks.
        status = run.wait(poll_s=POLL_S, timeout_s=timeout_s)
    if status.failed:
        listing = manage_command(baseurl, "--tasks", "--state", "failed", run.uuid)
        raise CommandError(
            f"run {run.uuid}, which --after waits for, failed ({status.failed} of "
            f"{counted(status.num_tasks, 'task')}), so nothing is computed: {listing} lists what",
            ExitStatus.TASKS_FAILED,
        )
