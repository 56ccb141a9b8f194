"""workTF as people start it, but its clock stands still, ahead by what the file `ahead` holds."""

from __future__ import annotations

import sys
import time
from functools import partial
from pathlib import Path

from taskfarm_cli.work import time_limit, work_off
from taskfarm_cli.work.commands import chunk
from taskfarm_cli.work.main import main
from taskfarm_sdk._worker.deadline import Deadline
from taskfarm_sdk.execution import dispatcher


class JumpingTime:
    """Stands in for the module `time`."""

    def __init__(self) -> None:
        self._begun_at = time.monotonic()

    def monotonic(self) -> float:
        """Return the seconds of the beginning and those of the file."""
        ahead = Path("ahead")
        # One that is being written is empty.
        return self._begun_at + float((ahead.exists() and ahead.read_text()) or 0)


if __name__ == "__main__":
    jumping = JumpingTime()
    for module in (chunk, dispatcher, time_limit, work_off):
        vars(module)["time"] = jumping
    vars(work_off)["Deadline"] = partial(Deadline, clock=jumping.monotonic)
    sys.exit(main())
