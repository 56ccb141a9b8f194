"""A mode of manageTF as one record, and the command line that chose it."""

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
# The SDK's, which is not imported for a command line that makes no sense.
State = Literal["waiting", "computing", "done", "failed"]


class Uses(Enum):
    """Use that a mode makes of a run: a beginning of its UUID is enough only for reading."""

    NO_RUN = 0
    READS_RUN = 1
    CHANGES_RUN = 2


class Value(NamedTuple):
    """Value of a mode's option.

    Attributes:
        attribute: the name in `Arguments` that it is found under.
        metavar: its name in the help.
        convert: makes it from a word of the command line.
    """

    attribute: str
    metavar: str
    convert: Callable[[str], object]


class Mode(NamedTuple):
    """One thing that manageTF does.

    Attributes:
        name: its long option without dashes, and its name in JSON.
        help: its line in `--help`.
        uses: what it needs a run for.
        action: does it, and returns what the command ends with.
        short: its short option.
        value: what its option takes; None for an option that stands alone.
        asks_for_each_task: whether it sends a request for each task, which takes long.
        takes: the options that make sense with it, of those that do not with all modes.
        said: what a terminal shows afterwards: `{}` for the run's UUID, or the login's URL, and
            for the number of tasks, or the user.
        counted: the name in JSON of the number of tasks that it changed.
        advises: whether a terminal shows what can be done about the run.
    """

    name: str
    help: str
    uses: Uses
    action: Callable[[Arguments, Output], ExitStatus]
    short: str | None = None
    value: Value | None = None
    asks_for_each_task: bool = False
    takes: tuple[str, ...] = ()
    said: str = ""
    counted: str = ""
    advises: bool = False

    @property
    def options(self) -> tuple[str, ...]:
        """The options that choose it, the long one first."""
        long = f"--{self.name}"
        return (long,) if self.short is None else (long, self.short)

    @property
    def wording(self) -> Wording:
        """What the outputs need of it."""
        return Wording(self.name, self.said, self.counted, self.advises)


class Arguments(Connection):
    """A command line that makes sense, as `arguments.parse` returns it.

    Attributes:
        uuid: the run's UUID as it was given; None where the mode takes none.
        mode: what to do.
        num_tasks: how many tasks the new run gets; None but for `--create`.
        task_ranges: the numbers of the tasks to be reset; None but for `--reset-task`.
        state: the state of the tasks to be listed, or None for all.
        timeout_s: how long to wait at most, or None.
        json: whether to print JSON.
        plain: whether to print plain lines to a terminal too.
        yes: whether to go ahead without a question.
    """

    uuid: str | None
    mode: Mode
    num_tasks: int | None
    task_ranges: tuple[range, ...] | None
    state: State | None
    timeout_s: float | None
    json: bool
    plain: bool
    yes: bool

    @property
    def patience_s(self) -> float:
        """For how long a request is tried while the server is away."""
        if self.mode.asks_for_each_task:
            return GIVE_UP_IN_THE_MIDDLE_AFTER_S
        return super().patience_s
