"""The time limit of workTF: the requested one, or that of its batch job."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, NamedTuple

from taskfarm_cli.common.exit_status import CommandError, ExitStatus
from taskfarm_cli.work.command_line.slurm_arguments import lead_s
from taskfarm_cli.work.slurm import job_environment

if TYPE_CHECKING:
    from taskfarm_cli.work.plan import Options
    from taskfarm_cli.work.screen import Screen


class End(NamedTuple):
    """The time at which workTF ends, even if commands are running.

    Attributes:
        at: the time by the monotonic clock; infinite for never.
        text: the text for the message.
    """

    at: float
    text: str

    @property
    def is_known(self) -> bool:
        """Whether there is such a time."""
        return self.at != math.inf

    def error(self) -> CommandError:
        """Return the error that ends the work."""
        return CommandError(
            f"stopped {self.text}; running tasks were released", ExitStatus.NOT_FINISHED
        )


def end(options: Options, screen: Screen) -> End:
    """Return the latest time at which workTF ends."""
    now = time.monotonic()
    stop_after_s = options.stop_after_s
    asked = End(
        math.inf if stop_after_s is None else now + stop_after_s,
        f"after {stop_after_s or 0:g} s as requested",
    )
    try:
        left_s = job_environment.left_s()
    except CommandError as error:
        screen.say(job_environment.trouble(error))
        left_s = None
    if left_s is None:
        return asked
    lead = lead_s(options.grace_s)
    of_job = End(now + left_s - lead, f"{lead} s before this job's time limit")
    return min(asked, of_job, key=lambda end: end.at)
