"""The options of a command line that continues a run."""

from __future__ import annotations

from collections.abc import Sequence

from taskfarm_cli.work.command_line.arguments import FROM_STDIN
from taskfarm_sdk.hidden import Hidden

_FLAGS = ("--create", "--new")
_WITH_VALUE = ("--num-tasks", "--name")
_PASSWORD = ("-p", "--password")


def words_to_resume(words: Sequence[str], password: Hidden[str] | None) -> tuple[str, ...]:
    """Return the options that continue a run: without those that create one, and without secrets.

    Args:
        words: the words before `--`, without the run's UUID.
        password: the password among them, or None.
    """
    secret = None if password == Hidden(FROM_STDIN) else password
    kept: list[str] = []
    rest = iter(words)
    for word in rest:
        if word in _WITH_VALUE or (secret is not None and word in _PASSWORD):
            next(rest, None)
        elif (
            word not in _FLAGS
            and not word.startswith(tuple(f"{option}=" for option in _WITH_VALUE))
            and not (secret is not None and _holds_password(word, secret))
        ):
            kept.append(word)
    return tuple(kept)


def _holds_password(word: str, secret: Hidden[str]) -> bool:
    """Return whether a word is `--password=secret`, `-psecret`, or `-0psecret`."""
    short = (
        word.startswith("-") and not word.startswith("--") and word.endswith(f"p{secret.reveal()}")
    )
    return short or word == f"--password={secret.reveal()}"
