"""Outcomes of a task after an error of the operating system, which must not end workTF. No I/O."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import attrs

from taskfarm_cli.common.exit_status import CommandError
from taskfarm_sdk.execution.parts import Failed, Outcome, Released

NOT_EXECUTABLE = 126
NOT_FOUND = 127

# An error that may pass is retried for this long.
TRIED_FOR_S = 5.0
TRIED_EVERY_S = 0.2
# After a release, the slot pauses so that another worker can claim the task.
PAUSE_S = 5.0

# The machine lacks a resource, or the program is being written: this may pass.
SHORTAGES = frozenset(
    {
        *(errno.EAGAIN, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS),
        *(errno.ETXTBSY, errno.EINTR),
    }
)
# Another attempt would probably fail the same way, so the attempt counts.
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
# The user's files occupy the paths of a task's files.
IN_THE_WAY = frozenset({errno.EEXIST, errno.EISDIR})


@attrs.frozen
class NotKept(Failed):
    """The attempt failed because its output was lost; that of others would be lost too."""


def start_may_pass(error: Exception) -> bool:
    """Return whether a command's start may succeed a moment later."""
    return isinstance(error, OSError) and error.errno in SHORTAGES


def place_may_pass(error: Exception) -> bool:
    """Return whether creating a task's output files may succeed a moment later."""
    return isinstance(error, OSError) and error.errno not in IN_THE_WAY


def after_start(program: str, error: Exception) -> Outcome:
    """Return the outcome of a command that could not be started, despite retries."""
    if start_may_pass(error):
        return _released(f"{program!r} cannot be started ({told(error)})")
    fault = cannot_execute(program, error)
    return Failed(str(fault), exit_status=int(fault.status))


def after_look(error: OSError) -> Outcome:
    """Return the outcome if the folder of the output cannot be read to see what is left to do."""
    return _released(f"the folder of its output cannot be read ({told(error)})")


def after_begin(error: OSError, *, own: Callable[[str], bool]) -> Outcome:
    """Return the outcome if output files cannot be created; the command has not run yet.

    Args:
        error: the reason.
        own: whether a file is inside the task's own folder, which no other task uses.
    """
    is_own = error.filename is not None and own(str(error.filename))
    if not place_may_pass(error) or (is_own and error.errno in (errno.EACCES, errno.EPERM)):
        return Failed(f"{type(error).__name__}: {error}")
    return _released(f"its output files cannot be created ({told(error)})")


def after_end(error: OSError) -> Outcome:
    """Return the outcome of an attempt that succeeded, but whose output could not be kept."""
    if error.errno in FULL or not place_may_pass(error):
        return NotKept(f"its output could not be kept ({told(error)})")
    return _released(f"its output could not be kept ({told(error)})")


def told(error: Exception) -> str:
    """Return an error as a few words, with the file where it names one."""
    if not isinstance(error, OSError) or error.strerror is None:
        return f"{type(error).__name__}: {error}"
    return error.strerror if error.filename is None else f"{error.filename}: {error.strerror}"


def cannot_execute(program: str, error: Exception) -> CommandError:
    """Return the error for a program that cannot be executed."""
    if not isinstance(error, OSError):
        return CommandError(f"cannot execute {program!r}: {error}", NOT_EXECUTABLE)
    if error.errno != errno.ENOENT:
        return CommandError(f"cannot execute {program!r}: {error.strerror}", NOT_EXECUTABLE)
    if "/" in program and Path(program).exists():
        text = f"cannot execute {program!r}: the interpreter that its first line names is missing"
        return CommandError(text, NOT_EXECUTABLE)
    text = f"there is no program {program!r} here"
    if any(sign in program for sign in " \t&|;<>"):
        text += (
            ": after --, give a program and its arguments as separate words; a line for a shell "
            "needs --shell"
        )
    return CommandError(text, NOT_FOUND)


def _released(reason: str) -> Released:
    return Released(reason, PAUSE_S)
