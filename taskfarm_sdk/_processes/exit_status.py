"""Exit statuses of child processes, and their meaning for a task."""

from __future__ import annotations

import signal

# Whoever ends a batch job signals all its processes: a child may know, and end, before we do.
TOLD_WITHIN_S = 0.5
_ASKING = ("SIGTERM", "SIGINT", "SIGUSR1", "SIGHUP", "SIGUSR2", "SIGXCPU")
_ASKED_TO_END = tuple(-getattr(signal, name) for name in _ASKING if hasattr(signal, name))


def may_be_asked(status: int) -> bool:
    """Return whether it ended as one that was asked to; if so, we hear within `TOLD_WITHIN_S`.

    Args:
        status: its exit status, or the negative number of the signal that ended it.
    """
    return status in _ASKED_TO_END


def how_it_ended(status: int) -> str:
    """Return how a process ended: "exit status 3", "killed by SIGKILL".

    Args:
        status: its exit status, or a signal's number with a minus, as `subprocess` has it.
    """
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"killed by signal {-status}"
