"""Limits of what the operating system can give a command as an argument or a variable."""

from __future__ import annotations

import os

from taskfarm_cli.common.exit_status import UsageError

# Linux limits each argument, and each variable with its name, to 128 KiB. The variable of a
# column is shorter, because the input, in JSON, contains the column's name too.
LONGEST = 128 * 1024 - len("TASKFARM_INPUT=") - 1


def check(number: int, text: str) -> None:
    """Refuse an input that no command can be given.

    Args:
        number: the item's number.
        text: its input, or the value of one of its columns.

    Raises:
        UsageError: it contains a NUL byte, is too long, or cannot be encoded.
    """
    if "\0" in text:
        raise UsageError(
            f"input {number} contains a NUL byte, which a command cannot receive (use -0 if NUL "
            "bytes separate the inputs)"
        )
    try:
        length = len(os.fsencode(text))
    except UnicodeEncodeError as error:
        raise UsageError(f"input {number} cannot be encoded as an argument of a command") from error
    if length > LONGEST:
        raise too_long(f"input {number} has {length} bytes")


def too_long(fault: str) -> UsageError:
    """Return the error of an input that is too long.

    Args:
        fault: what is too long, and how long it is.
    """
    return UsageError(
        f"{fault}, but a command can receive {LONGEST}: put it into a file and give that file's "
        "name"
    )
