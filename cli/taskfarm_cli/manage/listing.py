"""`--list`: all runs of a server, or those that are not finished."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskfarm_cli.common.credentials import open_farm
from taskfarm_cli.common.exit_status import ExitStatus
from taskfarm_cli.manage.mode import PROGRAM
from taskfarm_cli.manage.run_list import RunList, all_runs, unfinished

if TYPE_CHECKING:
    from taskfarm_cli.manage.mode import Arguments
    from taskfarm_cli.manage.output.base import Output


def list_runs(arguments: Arguments, output: Output) -> ExitStatus:
    """List the runs that were asked for.

    Raises:
        TaskfarmError: the server cannot be asked.
    """
    with open_farm(arguments) as farm:
        if arguments.unfinished:
            from taskfarm_cli.common.log_lines import outage_log

            with outage_log(PROGRAM):
                listed = unfinished(farm)
        else:
            listed = RunList(farm, all_runs(farm))
        output.runs(listed)
    return ExitStatus.OK
