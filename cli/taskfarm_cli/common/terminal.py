"""Questions on the terminal, kept apart from the output."""

from __future__ import annotations

import sys

from taskfarm_cli.common.exit_status import CommandError


def is_terminal(stream: object) -> bool:
    """Return whether a stream is a terminal; a closed stream, None in Python, is not."""
    isatty = getattr(stream, "isatty", None)
    return isatty is not None and bool(isatty())


def can_ask() -> bool:
    """Return whether a person can see a question and answer it."""
    return is_terminal(sys.stdin) and is_terminal(sys.stderr)


def ask(question: str) -> str:
    """Return a person's answer, without the line end.

    Raises:
        CommandError: they closed the input instead.
    """
    print(question, end="", file=sys.stderr, flush=True)
    answer = sys.stdin.readline()
    if not answer:
        print(file=sys.stderr)
        raise CommandError("no answer was given; nothing was changed")
    return answer.strip()


def ask_secret(question: str) -> str:
    """Return what a person types, without showing it.

    Raises:
        CommandError: they closed the input instead.
    """
    import getpass

    try:
        return getpass.getpass(question, stream=sys.stderr)
    except EOFError:
        print(file=sys.stderr)
        raise CommandError("no password was given; nothing was changed") from None


def confirm(question: str) -> bool:
    """Return whether a person agrees; Enter alone means no."""
    try:
        return ask(f"{question} [y/N] ").lower() in ("y", "yes")
    except CommandError:
        return False
