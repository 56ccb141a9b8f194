"""`--wait` and `--watch`: wait until a run is finished, through outages of any length."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskfarm_cli.common.exit_status import CommandError, ExitStatus
from taskfarm_cli.common.log_lines import outage_log
from taskfarm_cli.common.run_files import items_of
from taskfarm_cli.common.text import counted, manage_command
from taskfarm_cli.manage.mode import PROGRAM

if TYPE_CHECKING:
    from taskfarm_cli.manage.output.base import Output
    from taskfarm_sdk import Run, RunStatus

# As often as the SDK looks: one request of each viewer in two seconds.
POLL_S = 2.0


def wait(
    run: Run, output: Output, timeout_s: float | None, baseurl: str | None = None
) -> ExitStatus:
    """Wait until the run is finished, then show its status.

    Raises:
        WaitTimeout: the time is over; the last status was shown.
        CommandError: tasks failed.
    """
    from taskfarm_sdk import WaitTimeout

    try:
        with outage_log(PROGRAM):
            status = run.wait(timeout_s)
    except WaitTimeout as error:
        if error.run_status is not None:
            output.run(run, error.run_status, items_of(run))
        raise
    output.run(run, status, items_of(run))
    return _verdict(run, status, baseurl)


def watch(
    run: Run, output: Output, timeout_s: float | None, baseurl: str | None = None
) -> ExitStatus:
    """Show the run until it is finished.

    Raises:
        WaitTimeout: the time is over.
        CommandError: tasks failed.
    """
    with outage_log(PROGRAM):
        status = output.follow(run, run.watch(POLL_S, timeout_s=timeout_s), items_of(run))
        if status is not None and status.failed is None:
            # The counts do not show it; `wait` reads the tasks.
            status = run.wait(0)
    return ExitStatus.OK if status is None else _verdict(run, status, baseurl)


def _verdict(run: Run, status: RunStatus, baseurl: str | None) -> ExitStatus:
    if status.failed:
        listing = manage_command(baseurl, "--tasks", "--state", "failed", run.uuid)
        reset = manage_command(baseurl, "--reset-failed", run.uuid)
        raise CommandError(
            f"{status.failed} of {counted(status.num_tasks, 'task')} of run {run.uuid} failed: "
            f"{listing} lists them, {reset} sets them waiting",
            ExitStatus.TASKS_FAILED,
        )
    return ExitStatus.OK
