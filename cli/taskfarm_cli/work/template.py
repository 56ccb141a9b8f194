"""The command of a task: the user's words with their placeholders replaced."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.work.sources.inputs import Columns

VARIABLE = "TASKFARM_INPUT"
TASK = "TASKFARM_TASK"
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
        knows_item: whether `item` is surely an item's number, and not only that of a task.
    """

    task: int
    item: int
    input: str | None
    values: Mapping[str, str]
    slot: int
    knows_item: bool = True

    @property
    def text(self) -> str:
        """The value of `{}`: the input if there is one, else the item's number."""
        return str(self.item) if self.input is None else self.input

    def environment(self) -> dict[str, str]:
        """Return the variables that tell the command its item and its input."""
        facts = {ITEM: str(self.item)} if self.knows_item else {}
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
# A shell's own variable, ${name}, is no place for a column.
_NAME = r"(?<!\$)\{([^\W\d]\w*)\}"
_ESCAPED = "{{"
_OF_THE_ITEM = {"item", "#"}
# They need neither the item nor its input.
_OF_THE_TASK = {"task", "%"}
_NO_COLUMNS = Columns()


class Template:
    """A command with placeholders for what differs between items.

    Where the inputs have columns, `{name}` is a column's value, also where it is otherwise another
    placeholder's name, and `{{` is one brace.

    Args:
        words: the program and its arguments, or the one command line of a shell.
        shell: whether a shell runs it.
        has_inputs: whether the items have inputs.
        columns: the inputs' columns; None where they have none.

    Raises:
        UsageError: the command is invalid.
    """

    def __init__(
        self,
        words: Sequence[str],
        *,
        shell: bool,
        has_inputs: bool,
        columns: Columns | None = None,
    ) -> None:
        self._words = tuple(words)
        self._shell = shell
        known = _NO_COLUMNS if columns is None else columns
        self._columns = frozenset(known.names)
        self._of_the_input = _OF_THE_INPUT | self._columns
        self._place = _pattern_of(known.names)
        self._used = {
            found
            for word in words
            for place in self._place.finditer(word)
            if (found := _name(place)) is not None
        }
        if not has_inputs and "input" in self._used:
            raise UsageError("the command contains {input}: give inputs with --inputs FILE")
        if shell:
            _check_shell(words, self._used & self._of_the_input if has_inputs else (), known.names)
        _check_names(words, known, self._place)

    @property
    def program(self) -> str | None:
        """The program, or None if it differs between tasks."""
        if self._shell:
            return SHELL[0]
        if self._place.search(self._words[0]):
            return None
        return self._words[0]

    @property
    def uses_input(self) -> bool:
        """Whether the command contains the input, or a variable that holds it or a part of it."""
        return bool(self._used & self._of_the_input) or self._has(VARIABLE, COLUMN)

    @property
    def item_word(self) -> str | None:
        """A word in the command that stands for its item or the item's input; None without one."""
        place = min(self._used - _OF_THE_TASK, default=None)
        if place is not None:
            return f"{{{place}}}"
        return ITEM if self._has(ITEM) else None

    def check_several(self) -> None:
        """Refuse a command that would be the same for several items of a task.

        Raises:
            UsageError: it contains the task's number, and not the item's.
        """
        has_task = ("task" in self._used and "task" not in self._columns) or self._has(TASK)
        has_item = bool(self._used & (_OF_THE_ITEM - self._columns)) or self._has(ITEM)
        if has_task and not has_item:
            raise UsageError(
                "the command contains the number of the task, which several items share with "
                "--chunk: write {item} for the item's own number, or TASKFARM_ITEM in a shell"
            )

    def fill(self, job: Job) -> list[str]:
        """Return the words of a job's command, each place replaced once."""

        def value(place: re.Match[str]) -> str:
            name = _name(place)
            if name is None:
                return "{"
            return job.values[name] if name in self._columns else _VALUES[name](job)

        filled = [self._place.sub(value, word) for word in self._words]
        return [*SHELL, *filled] if self._shell else filled

    def _has(self, *variables: str) -> bool:
        return any(variable in word for word in self._words for variable in variables)


def _pattern_of(columns: Sequence[str]) -> re.Pattern[str]:
    """Return the pattern of all places; a column comes before a placeholder of its name."""
    others = "|".join(re.escape(name) for name in _VALUES if name not in columns)
    other = rf"\{{(?P<other>{others})\}}"
    if not columns:
        return re.compile(other)
    named = "|".join(map(re.escape, columns))
    return re.compile(rf"\{{\{{|(?<!\$)\{{(?P<column>{named})\}}|{other}")


def _name(place: re.Match[str]) -> str | None:
    """Return the name of a place; None for an escaped brace."""
    return None if place[0] == _ESCAPED else place[0][1:-1]


def _check_names(words: Sequence[str], columns: Columns, place: re.Pattern[str]) -> None:
    """Refuse names in braces that are taken for columns and are none."""
    for word in words:
        rest = place.sub("\0", word)  # which no word contains
        for name, fault in columns.without.items():
            if f"{{{name}}}" in rest or f"{COLUMN}{name}" in rest:
                raise UsageError(f"{{{name}}} is no column: {fault}")
        if columns.is_strict and (unknown := re.search(_NAME, rest)) is not None:
            name = unknown[1]
            raise UsageError(
                f"{{{name}}} in the command is no column of {columns.source}, which has "
                f"{', '.join(columns.names)}: correct it, or write {{{{{name}}} for the text "
                f"{{{name}}}"
            )


def _check_shell(words: Sequence[str], of_input: Collection[str], columns: Collection[str]) -> None:
    if len(words) != 1:
        raise UsageError(
            "--shell takes the whole command line as one argument: put it into single quotes"
        )
    if not of_input:
        return
    # A file called `$(rm -r .)` would be a command.
    name = min(of_input)
    if not name.isascii():
        advice = "rename the column, for a shell's variables have only letters of ASCII"
    else:
        advice = f'write "${COLUMN + name if name in columns else VARIABLE}" instead'
    raise UsageError(
        f"{{{name}}} is not allowed with --shell, where an input could be executed: {advice}"
    )
