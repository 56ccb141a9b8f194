"""The command of a task: the user's words with their placeholders replaced."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from taskfarm_cli.common.exit_status import UsageError

VARIABLE = "TASKFARM_INPUT"
ITEM = "TASKFARM_ITEM"
# Before the name of a column.
COLUMN = "TASKFARM_IN_"
SHELL = ("/bin/sh", "-c")
EXTENSION = re.compile(r"\.[^/.]+$")


class Job(NamedTuple):
    """The item and the slot that a command is made for.

    Attributes:
        task: the number of the task that the item belongs to, from 0.
        item: the item's number, from 0; in chunks of 1 it is the task's.
        input: its input, or None where the run has none.
        values: the values of the input's columns by their names; none where it has no columns.
        slot: the number of the slot, from 0.
    """

    task: int
    item: int
    input: str | None
    values: Mapping[str, str]
    slot: int

    @property
    def text(self) -> str:
        """The value of `{}`: the input if there is one, else the item's number."""
        return str(self.item) if self.input is None else self.input

    def environment(self) -> dict[str, str]:
        """Return the variables that tell the command its item and its input."""
        facts = {ITEM: str(self.item)}
        if self.input is not None:
            facts[VARIABLE] = self.input
        return {**facts, **{COLUMN + name: value for name, value in self.values.items()}}


def without_items(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without the item of another workTF, inside which this one runs."""
    return {
        name: value
        for name, value in environment.items()
        if name not in (ITEM, VARIABLE) and not name.startswith(COLUMN)
    }


def _without_extension(text: str) -> str:
    return EXTENSION.sub("", text)


def _last_part(text: str) -> str:
    return text.rpartition("/")[2]


def _folder(text: str) -> str:
    # Not pathlib, which turns `./a` into `a`.
    folder, slash, _ = text.rstrip("/").rpartition("/")
    return folder.rstrip("/") or ("/" if slash or text.startswith("/") else ".")


# GNU parallel's placeholders, which count from 1, and two more.
_VALUES: Mapping[str, Callable[[Job], str]] = {
    "task": lambda job: str(job.task),
    "item": lambda job: str(job.item),
    "input": lambda job: job.text,
    "": lambda job: job.text,
    ".": lambda job: _without_extension(job.text),
    "/": lambda job: _last_part(job.text),
    "//": lambda job: _folder(job.text),
    "/.": lambda job: _without_extension(_last_part(job.text)),
    "#": lambda job: str(job.item + 1),
    "%": lambda job: str(job.slot + 1),
}
_OF_THE_INPUT = {"input", "", ".", "/", "//", "/."}
_PLACE = re.compile(r"\{(" + "|".join(map(re.escape, _VALUES)) + r")\}")


class Template:
    """A command with placeholders for what differs between tasks.

    Args:
        words: the program and its arguments, or the one command line of a shell.
        shell: whether a shell runs it.
        has_inputs: whether the tasks have inputs.

    Raises:
        UsageError: the command is invalid.
    """

    def __init__(self, words: Sequence[str], *, shell: bool, has_inputs: bool) -> None:
        self._words = tuple(words)
        self._shell = shell
        places = {place for word in words for place in _PLACE.findall(word)}
        if not has_inputs and "input" in places:
            raise UsageError("the command contains {input}: give inputs with --inputs FILE")
        if shell:
            _check_shell(words, places & _OF_THE_INPUT if has_inputs else set())

    @property
    def program(self) -> str | None:
        """The program, or None if it differs between tasks."""
        if self._shell:
            return SHELL[0]
        if _PLACE.search(self._words[0]):
            return None
        return self._words[0]

    @property
    def uses_input(self) -> bool:
        """Whether the command contains the input, or the variable that holds it."""
        places = {place for word in self._words for place in _PLACE.findall(word)}
        return bool(places & _OF_THE_INPUT) or any(VARIABLE in word for word in self._words)

    def fill(self, job: Job) -> list[str]:
        """Return the words of a job's command, each place replaced once."""
        filled = [_PLACE.sub(lambda place: _VALUES[place[1]](job), word) for word in self._words]
        return [*SHELL, *filled] if self._shell else filled


def _check_shell(words: Sequence[str], of_input: set[str]) -> None:
    if len(words) != 1:
        raise UsageError(
            "--shell takes the whole command line as one argument: put it into single quotes"
        )
    if of_input:
        # A file called `$(rm -r .)` would be a command.
        raise UsageError(
            f"{{{min(of_input)}}} is not allowed with --shell, where an input could be executed: "
            'write "$TASKFARM_INPUT" instead'
        )
