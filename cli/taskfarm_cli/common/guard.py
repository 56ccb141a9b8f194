"""End a command with an exit status and one line on stderr, never with a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

from taskfarm_cli.common.exit_status import CommandError, ExitStatus, status_of
from taskfarm_cli.common.terminal import columns, is_terminal
from taskfarm_cli.common.text import fitted, one_line, printable, wrapped
from taskfarm_sdk.errors import TaskfarmError

# A longer one repeats a word of the command line, which has no limit.
_MOST_TOLD = 1_900


def guarded(program: str, command: Callable[[], int], *, needs_stdout: bool = True) -> int:
    """Run a command, and return the exit status for its process.

    Args:
        program: the program's name, which begins each error.
        command: the function to run; it may raise `SystemExit`, as argparse does.
        needs_stdout: whether a closed stdout is an error before the command runs.
    """
    try:
        status = _run(command, needs_stdout=needs_stdout)
        if _is_open(sys.stdout):
            sys.stdout.flush()
    except KeyboardInterrupt:
        complain(program, "interrupted")
        status = ExitStatus.INTERRUPTED
    except BrokenPipeError:
        # The reader of the output (`| head`) has closed it and expects no message.
        status = ExitStatus.FAILED
    except Exception as error:  # noqa: BLE001 - the last resort, so that no traceback is shown
        complain(program, _told(error))
        status = status_of(error)
    _settle(sys.stdout)
    return int(status)


def complain(program: str, text: str, command: str = "") -> None:
    """Write one line to stderr, with any text, even if stderr is closed.

    Of a text that would fill a terminal the middle is left out.

    On a terminal, a line that is too long for it is broken at a blank.

    Args:
        program: the program's name, which begins the line.
        text: the message.
        command: a command that ends the message; it stays in one piece, to be copied.
    """
    # Python sets a closed stderr to None, and print would write to stdout instead.
    if sys.stderr is not None:  # pyright: ignore[reportUnnecessaryComparison]
        with suppress(OSError):
            width = columns(sys.stderr) if is_terminal(sys.stderr) else sys.maxsize
            told = fitted(one_line(text), _MOST_TOLD)
            line = wrapped(f"{program}: {told}", width, printable(command))
            print(line, file=sys.stderr, flush=True)


def _is_open(stream: TextIO | None) -> bool:
    return stream is not None  # Python sets a stream to None that was closed when it started


def _run(command: Callable[[], int], *, needs_stdout: bool) -> int:
    closed = CommandError("cannot write the output: stdout is closed")
    if needs_stdout and not _is_open(sys.stdout):
        raise closed
    reconfigure: Callable[..., None] | None = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        # Texts of other clients may contain characters that the output cannot encode.
        reconfigure(errors="backslashreplace")
    try:
        return command()
    except SystemExit as end:
        if not end.code and not _is_open(sys.stdout):
            raise closed from None  # the help and the version are output
        return end.code if isinstance(end.code, int) else ExitStatus.OK


def _told(error: Exception) -> str:
    if os.environ.get("TASKFARM_DEBUG") == "1":
        import traceback

        traceback.print_exc()
    if isinstance(error, (CommandError, TaskfarmError)):
        return str(error)
    if isinstance(error, OSError):
        where = "" if error.filename is None else f" '{error.filename}'"
        return f"cannot read or write{where}: {error.strerror or error}"
    return (
        f"unexpected {type(error).__name__}: {error} (a bug in this program: set TASKFARM_DEBUG=1 "
        "to see where)"
    )


def _settle(stream: TextIO) -> None:
    try:
        stream.flush()
    except (OSError, AttributeError):
        # Python flushes again at exit, and would report the same error.
        with suppress(OSError, ValueError, AttributeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
