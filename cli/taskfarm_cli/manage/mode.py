"""A mode of manageTF as one record, and the parsed command line."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Literal, NamedTuple

from taskfarm_cli.common.connection_options import GIVE_UP_IN_THE_MIDDLE_AFTER_S, Connection
from taskfarm_cli.manage.output.wording import Wording

if TYPE_CHECKING:
    from taskfarm_cli.common.exit_status import ExitStatus
    from taskfarm_cli.manage.output.base import Output

PROGRAM = "manageTF"
# The SDK's type; the SDK is not imported for an invalid command line.
State = Literal["waiting", "computing", "done", "failed"]


class Uses(Enum):
    """Whether a mode needs a run; the beginning of a UUID is enough only for reading."""

    NO_RUN = 0
    READS_RUN = 1
    CHANGES_RUN = 2


class Value(NamedTuple):
    """Value of a mode's option.

    Attributes:
        attribute: its name in `Arguments`.
        metavar: its name in the help.
        convert: converts the argument's text.
    """

    attribute: str
    metavar: str
    convert: Callable[[str], object]


class Mode(NamedTuple):
    """One mode of manageTF.

    Attributes:
        name: its long option without dashes, and its name in JSON.
        help: its line in `--help`.
        uses: whether it needs a run, and changes it.
        action: runs it, and returns the exit status.
        short: its short option.
        value: the value of its option; None for an option without a value.
        takes_several: whether it takes several runs, or all that are not finished.
        asks_for_each_task: whether it sends a request for each task, which takes long.
        takes: the options that are valid only with some modes, among them this one.
        said: the message on a terminal: `{}` for the run's UUID or the login's URL, and for the
            tasks that it changed or the user.
        changes: the noun of the tasks that it counts, in the singular.
        counted: the key in JSON of the number of tasks that it changed.
        advises: whether a terminal shows advice about the run.
    """

    name: str
    help: str
    uses: Uses
    action: Callable[[Arguments, Output], ExitStatus]
    short: str | None = None
    value: Value | None = None
    takes_several: bool = False
    asks_for_each_task: bool = False
    takes: tuple[str, ...] = ()
    said: str = ""
    changes: str = "task"
    counted: str = ""
    advises: bool = False

    @property
    def options(self) -> tuple[str, ...]:
        """The options that select it, the long one first."""
        long = f"--{self.name}"
        return (long,) if self.short is None else (long, self.short)

    @property
    def wording(self) -> Wording:
        """The texts that the outputs need."""
        return Wording(self.name, self.said, self.changes, self.counted, self.advises)


class Arguments(Connection):
    """The parsed and checked command line, from `arguments.parse`.

    Attributes:
        uuids: the runs' UUIDs as given: one, or several for some modes.
        mode: the mode.
        num_tasks: the number of tasks of the new run; None unless `--create`.
        name: the name of the new run, or None.
        unfinished: whether only, or all, runs that are not finished are meant; None if not.
        task_ranges: the numbers of the tasks to reset; None unless `--reset-task`.
        state: the state of the tasks to list, or None for all.
        map: whether to show the tasks as a picture; None if not.
        timeout_s: how long to wait at most, or None.
        report: the file to write; None unless `--report`.
        journal: the folder of the run's journal, or None.
        results: the folder of the run's results, or None.
        read_tasks: whether to read each task from the server, for the report or the picture; None
            if not.
        json: whether to print JSON.
        plain: whether to print plain lines to a terminal too.
        yes: whether to skip the question.
    """

    uuids: list[str]
    mode: Mode
    num_tasks: int | None
    name: str | None
    unfinished: bool | None
    task_ranges: tuple[range, ...] | None
    state: State | None
    map: bool | None
    timeout_s: float | None
    report: str | None
    journal: str | None
    results: str | None
    read_tasks: bool | None
    json: bool
    plain: bool
    yes: bool

    @property
    def uuid(self) -> str | None:
        """The run's UUID as given; None if there is none."""
        return self.uuids[0] if self.uuids else None

    @property
    def patience_s(self) -> float:
        """How long a request is retried while the server is unreachable."""
        if self.mode.asks_for_each_task or self.read_tasks or self.unfinished:
            return GIVE_UP_IN_THE_MIDDLE_AFTER_S
        return super().patience_s
