"""The options of a command line that continues a run."""

from __future__ import annotations

import re
from collections.abc import Sequence

from taskfarm_cli.work.command_line.arguments import FROM_STDIN
from taskfarm_sdk.hidden import Hidden

_FLAGS = ("--create", "--new")
_WITH_VALUE = ("--num-tasks", "--name")
_JOINED = tuple(f"{option}=" for option in _WITH_VALUE)
# Its value may begin with a dash.
_ANY_VALUE = "--sbatch-args"
# -0 is the only short option that takes no value, and may stand before -p in one word.
_PASSWORD = re.compile(r"(-0*)p(.*)|--password(=.*)?", re.DOTALL)


def words_to_resume(words: Sequence[str], password: Hidden[str] | None) -> tuple[str, ...]:
    """Return the options that continue a run: without those that create one, and without secrets.

    Args:
        words: the words before `--`, without the run's UUID.
        password: the password among them, or None.
    """
    # Whichever of several is used, none of them is kept.
    kept = ["-p", FROM_STDIN] if password == Hidden(FROM_STDIN) else []
    rest = iter(words)
    for word in rest:
        found = _PASSWORD.fullmatch(word)
        if found is not None:
            kept += [found[1]] if found[1] not in (None, "-") else []
            if not (found[2] or found[3]):
                next(rest, None)
        elif word == _ANY_VALUE:
            kept += [word, *[each for each in (next(rest, None),) if each is not None]]
        elif word in _WITH_VALUE:
            next(rest, None)
        elif word not in _FLAGS and not word.startswith(_JOINED):
            kept.append(word)
    return tuple(kept)
