"""What makes a refusal of a wrong argument a bad one."""

from __future__ import annotations

import dis
import re
from collections.abc import Iterable, Iterator
from types import TracebackType

import taskfarm_sdk
from taskfarm_sdk import TaskfarmError
from tests.support.fuzzing.scene import SECRETS
from tests.support.secrecy import told_by

# Longer ones repeat what was given, or what Python wrote of it.
LONGEST = 2_000
# How messages name an argument, where it is not by its name; the words are separated by "|".
WORDS = {
    **dict.fromkeys(["url", "url_base", "database_url"], "URL"),
    **dict.fromkeys(["name", "user", "username"], "user|token|run|file can be named"),
    "index": "item",
    "folder": "folder|file name|items|results",
    "items": "items",
    "num_tasks": "number of tasks",
    "number": "task's number",
    "numbers": "task's number|tasks",
    "path": "cannot use|cannot read items|items|file",
    "pattern": "file matches|pattern",
    "processes": "process",
    "python": "interpreter",
    "threads": "thread",
    "uuid": "UUID",
    "value": "percentage",
    "values": "items",
}
_OURS = taskfarm_sdk.__name__
_RAISES = {dis.opmap["RAISE_VARARGS"]}


def faults_of(error: Exception, wrong: Iterable[str], words: dict[str, str]) -> Iterator[str]:
    """Yield what is wrong with an error by which a call refuses its arguments.

    Args:
        error: the error.
        wrong: the names of the arguments of which one is wrong at least.
        words: the words by which messages name arguments, where it is not the name.
    """
    text = str(error)
    if any(secret in told_by(error) for secret in SECRETS):
        yield "shows a secret"
    if not isinstance(error, TaskfarmError | OSError) and not _is_raised_by_us(error):
        yield "is one that Python raised by accident"
    if not text.strip() or not all(map(str.isprintable, text.split("\n"))):
        yield "has no text or one with controls"
    if len(text) > LONGEST:
        yield f"has {len(text):,} characters"
    if not isinstance(error, OSError) and not any(
        _names(text, name, words.get(name, "")) for name in wrong
    ):
        yield "names none of the wrong arguments"


def _is_raised_by_us(error: Exception) -> bool:
    """Return whether a `raise` of the SDK raised an error, and no function of Python."""
    last = _last(error.__traceback__)
    code = last.tb_frame.f_code
    module = str(last.tb_frame.f_globals.get("__name__"))
    return module.partition(".")[0] == _OURS and code.co_code[last.tb_lasti] in _RAISES


def _last(trace: TracebackType | None) -> TracebackType:
    assert trace is not None
    while trace.tb_next is not None:
        trace = trace.tb_next
    return trace


def _names(text: str, name: str, word: str) -> bool:
    words = [name, name.removesuffix("_s"), *filter(None, word.split("|"))]
    return any(re.search(rf"(?<!\w){re.escape(one)}", text, re.IGNORECASE) for one in words)
