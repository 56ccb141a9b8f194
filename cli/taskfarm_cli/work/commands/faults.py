"""What follows an error of the operating system at one task: no I/O, and nothing ends workTF."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

from taskfarm_cli.common.exit_status import CommandError
from taskfarm_sdk.execution import Failed, Outcome, Released

NOT_EXECUTABLE = 126
NOT_FOUND = 127

# What is to pass is tried again for so long.
TRIED_FOR_S = 5.0
TRIED_EVERY_S = 0.2
# After a task was given back, its slot leaves it to others for so long.
PAUSE_S = 5.0

# This machine is short of something, or the program is being written: that passes.
SHORTAGES = frozenset(
    {
        *(errno.EAGAIN, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS),
        *(errno.ETXTBSY, errno.EINTR),
    }
)
# Where each attempt would compute in vain, somebody has to hear of it.
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
# Something of the user's is in the place of a task's files.
IN_THE_WAY = frozenset({errno.EEXIST, errno.EISDIR})


def start_may_pass(error: Exception) -> bool:
    """Return whether a command that cannot be started may be, a moment later."""
    return isinstance(error, OSError) and error.errno in SHORTAGES


def place_may_pass(error: Exception) -> bool:
    """Return whether there may be a place for a task's output a moment later."""
    return isinstance(error, OSError) and error.errno not in IN_THE_WAY


def after_start(program: str, error: Exception) -> Outcome:
    """Return what follows a command that could not be started, however long that was tried."""
    if start_may_pass(error):
        return _released(f"{program!r} cannot be started ({told(error)})")
    fault = cannot_execute(program, error)
    return Failed(str(fault), exit_status=int(fault.status))


def after_begin(error: OSError, *, own: Callable[[str], bool]) -> Outcome:
    """Return what follows an attempt whose output has no place; nothing was computed yet.

    Args:
        error: why it has none.
        own: whether a file is inside the task's own folder, which no other task uses.
    """
    is_own = error.filename is not None and own(str(error.filename))
    if not place_may_pass(error) or (is_own and error.errno in (errno.EACCES, errno.EPERM)):
        return Failed(f"{type(error).__name__}: {error}")
    return _released(f"its output has no place ({told(error)})")


def after_end(error: OSError) -> Outcome:
    """Return what follows an attempt that succeeded, and whose output could not be kept."""
    if error.errno in FULL or not place_may_pass(error):
        return Failed(f"its output could not be kept ({told(error)})")
    return _released(f"its output could not be kept ({told(error)})")


def told(error: Exception) -> str:
    """Return an error as a few words, with the file where it names one."""
    if not isinstance(error, OSError) or error.strerror is None:
        return f"{type(error).__name__}: {error}"
    return error.strerror if error.filename is None else f"{error.filename}: {error.strerror}"


def cannot_execute(program: str, error: Exception) -> CommandError:
    """Return the error of a program that cannot be executed: that of workTF, or of one task."""
    if not isinstance(error, OSError):
        return CommandError(f"cannot execute {program!r}: {error}", NOT_EXECUTABLE)
    if error.errno != errno.ENOENT:
        return CommandError(f"cannot execute {program!r}: {error.strerror}", NOT_EXECUTABLE)
    if "/" in program and Path(program).exists():
        text = f"cannot execute {program!r}: what its first line names is not there"
        return CommandError(text, NOT_EXECUTABLE)
    text = f"there is no program {program!r} here"
    if any(sign in program for sign in " \t&|;<>"):
        text += (
            ": after -- comes a program and its arguments, each a word of its own; a line for a "
            "shell needs --shell"
        )
    return CommandError(text, NOT_FOUND)


def _released(reason: str) -> Released:
    return Released(reason, PAUSE_S)
