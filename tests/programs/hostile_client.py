"""Meet hostile replies one after the other: see `tests.support.hostile.remote`.

For each line of stdin, an operation's name, it prints what came of asking it, and how much memory
that took.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys

import attrs

from taskfarm_cli.common import connection_options
from taskfarm_cli.manage import mode
from taskfarm_sdk._sansio.clock import SystemClock
from tests.support.hostile import callers
from tests.support.hostile.remote import FORGET_PEAK, memory_kib
from tests.support.told import told


@attrs.frozen
class Told:
    """What the client is told."""

    url: str
    caller: str


def manage(url: str, operation: str, timeout_s: float = callers.TIMEOUT_S) -> callers.Came:
    """Ask with manageTF, whose waits take no time."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        return callers.Manage(lambda: (out.getvalue(), err.getvalue()))(url, operation, timeout_s)


CALLERS = {
    "blocking": callers.ask_blocking,
    "awaiting": callers.ask_awaiting,
    "worker": callers.work_hastily,
    "manageTF": manage,
}


def main() -> None:
    """Ask as often as lines come, each with an operation's name."""
    how = told(Told)
    caller = CALLERS[how.caller]
    connection_options.GIVE_UP_AFTER_S = 0.0
    setattr(mode, "GIVE_UP_IN_THE_MIDDLE_AFTER_S", 0.0)  # noqa: B010 - it is imported there
    SystemClock.wait = lambda *_: None  # type: ignore[method-assign]
    for line in sys.stdin:
        FORGET_PEAK.write_text("5")
        before = memory_kib("VmRSS")
        came = caller(how.url, line.strip(), callers.TIMEOUT_S)
        name = None if came.error is None else type(came.error).__name__
        peak = memory_kib("VmHWM") - before
        print(json.dumps({"error": name, "status": came.status, "peak_kib": peak}), flush=True)


if __name__ == "__main__":
    main()
