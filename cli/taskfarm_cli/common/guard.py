"""Ends a command well whatever happens: one line on stderr, an exit status, no traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

from taskfarm_cli.common.exit_status import CommandError, ExitStatus, status_of
from taskfarm_sdk.errors import TaskfarmError


def guarded(program: str, command: Callable[[], int]) -> int:
    """Run a command and return what its process is to end with.

    Args:
        program: the name that errors begin with.
        command: what to run; argparse's way of ending, `SystemExit`, is fine too.
    """
    try:
        status = _run(command)
        sys.stdout.flush()
    except KeyboardInterrupt:
        complain(program, "interrupted")
        status = ExitStatus.INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output (`| head`) has had enough and wants no word about it.
        status = ExitStatus.FAILED
    except Exception as error:  # noqa: BLE001 - the last resort, so that no traceback is shown
        complain(program, _told(error))
        status = status_of(error)
    _settle(sys.stdout)
    return int(status)


def complain(program: str, text: str) -> None:
    """Write one line to stderr, whatever the text holds and whether or not anybody reads it."""
    # None is what Python makes of a stderr that is closed, and print would take it for stdout.
    if sys.stderr is not None:  # pyright: ignore[reportUnnecessaryComparison]
        with suppress(OSError):
            print(f"{program}: {one_line(text)}", file=sys.stderr, flush=True)


def one_line(text: str) -> str:
    """Return a text as one line: a server's reply may hold line ends and terminal controls."""
    return printable(" ".join(text.split()))


def printable(text: str) -> str:
    """Return a text with what would steer a terminal shown as escapes."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _run(command: Callable[[], int]) -> int:
    if sys.stdout is None:  # pyright: ignore[reportUnnecessaryComparison]
        raise CommandError("cannot write the output: stdout is closed")
    reconfigure: Callable[..., None] | None = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        # Other clients' texts may hold what this terminal or pipe has no characters for.
        reconfigure(errors="backslashreplace")
    try:
        return command()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else ExitStatus.OK


def _told(error: Exception) -> str:
    if os.environ.get("TASKFARM_DEBUG") == "1":
        import traceback

        traceback.print_exc()
    if isinstance(error, (CommandError, TaskfarmError)):
        return str(error)
    if isinstance(error, OSError):
        return f"cannot read or write: {error.strerror or error}"
    return (
        f"unexpected {type(error).__name__}: {error} (a bug of ours: TASKFARM_DEBUG=1 shows where)"
    )


def _settle(stream: TextIO) -> None:
    try:
        stream.flush()
    except (OSError, AttributeError):
        # Python flushes once more on its way out, and would report the same trouble again.
        with suppress(OSError, ValueError, AttributeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
