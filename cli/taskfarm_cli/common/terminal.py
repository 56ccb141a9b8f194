"""Questions on the terminal, kept apart from the output."""

from __future__ import annotations

import os
import sys

from taskfarm_cli.common.exit_status import CommandError, ExitStatus
from taskfarm_cli.common.text import printable
from taskfarm_sdk.hidden import Hidden, Veil

NOT_UTF8 = "the password is not UTF-8 text, which the server requires: nothing was sent"
USUAL_COLUMNS, USUAL_LINES = 80, 24


def is_terminal(stream: object) -> bool:
    """Return whether a stream is a terminal; a closed stream, None in Python, is not."""
    isatty = getattr(stream, "isatty", None)
    return isatty is not None and bool(isatty())


def columns(stream: object) -> int:
    """Return the width of a terminal: COLUMNS, or what the terminal says, or 80."""
    return _given("COLUMNS") or _size(stream)[0] or USUAL_COLUMNS


def lines(stream: object) -> int:
    """Return the height of a terminal: LINES, or what the terminal says, or 24."""
    return _given("LINES") or _size(stream)[1] or USUAL_LINES


def _given(name: str) -> int:
    text = os.environ.get(name, "")
    return int(text) if text.isdecimal() else 0


def _size(stream: object) -> tuple[int, int]:
    """Return the columns and lines of a terminal; 0 for what is not known."""
    fileno = getattr(stream, "fileno", None)
    try:
        return os.get_terminal_size(fileno()) if fileno else (0, 0)
    except (OSError, ValueError):
        return 0, 0


def can_ask() -> bool:
    """Return whether a person can see a question and answer it."""
    return is_terminal(sys.stdin) and is_terminal(sys.stderr)


def ask(question: str) -> str:
    """Return a person's answer, without the line end.

    Raises:
        CommandError: they closed the input instead.
    """
    print(printable(question), end="", file=sys.stderr, flush=True)
    answer = sys.stdin.readline()
    if not answer:
        print(file=sys.stderr)
        raise CommandError("no answer was given; nothing was changed")
    return answer.strip()


def ask_secret(question: str) -> Hidden[str]:
    """Return what a person types, without showing it.

    Raises:
        CommandError: they closed the input instead.
    """
    import getpass

    try:
        with Veil():
            return Hidden(getpass.getpass(printable(question), stream=sys.stderr))
    except EOFError:
        fault = "no password was given; nothing was changed"
    except UnicodeDecodeError:
        fault = NOT_UTF8
    # Raised here: the error above holds what was typed.
    print(file=sys.stderr)
    raise CommandError(fault, ExitStatus.USAGE if fault == NOT_UTF8 else ExitStatus.FAILED)


def confirm(question: str) -> bool:
    """Return whether a person agrees; Enter alone means no."""
    try:
        return ask(f"{question} [y/N] ").lower() in ("y", "yes")
    except CommandError:
        return False
