"""`--wait` and `--watch`: until a run is finished, however long its server is away meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskfarm_cli.common.exit_status import CommandError, ExitStatus
from taskfarm_cli.common.log_lines import outage_log
from taskfarm_cli.manage.mode import PROGRAM

if TYPE_CHECKING:
    from taskfarm_cli.manage.output.base import Output
    from taskfarm_sdk import Run, RunStatus

# A person watches: twice as often as the SDK looks by itself.
POLL_S = 1.0


def wait(run: Run, output: Output, timeout_s: float | None) -> ExitStatus:
    """Wait in silence until the run is finished, then show how it ended.

    Raises:
        WaitTimeout: the time is over; how the run stood last was shown.
        CommandError: tasks failed.
    """
    from taskfarm_sdk import WaitTimeout

    try:
        with outage_log(PROGRAM):
            status = run.wait(timeout_s)
    except WaitTimeout as error:
        if error.run_status is not None:
            output.run(run, error.run_status)
        raise
    output.run(run, status)
    return _verdict(run, status)


def watch(run: Run, output: Output, timeout_s: float | None) -> ExitStatus:
    """Show how the run goes on until it is finished.

    Raises:
        WaitTimeout: the time is over.
        CommandError: tasks failed.
    """
    with outage_log(PROGRAM):
        status = output.follow(run, run.watch(POLL_S, timeout_s=timeout_s))
        if status is not None and status.failed is None:
            # Counts alone do not tell; `wait` looks at the tasks then.
            status = run.wait(0)
    return ExitStatus.OK if status is None else _verdict(run, status)


def _verdict(run: Run, status: RunStatus) -> ExitStatus:
    if status.failed:
        raise CommandError(
            f"{status.failed} of {status.num_tasks} tasks of run {run.uuid} failed; "
            "--reset-failed makes them wait again",
            ExitStatus.TASKS_FAILED,
        )
    return ExitStatus.OK
