"""The contents of files of inputs, and of standard input."""

from __future__ import annotations

import sys

from taskfarm_cli.common.exit_status import UsageError

FROM_STDIN = "-"


def read(source: str) -> bytes:
    """Return the bytes of a file.

    Args:
        source: the file's name, or "-" for standard input.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        if source == FROM_STDIN:
            return sys.stdin.buffer.read()
        with open(source, "rb") as file:  # noqa: PTH123 - a name like /dev/fd/3 too
            return file.read()
    except OSError as error:
        raise UsageError(f"cannot read the inputs from {source}: {error.strerror}") from error


def shown(source: str) -> str:
    """Return the name of a file for messages."""
    return "stdin" if source == FROM_STDIN else source
