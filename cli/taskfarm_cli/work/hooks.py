"""The commands of `--on-end` and `--on-failure`, which run once when the run is finished."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING

import attrs

from taskfarm_cli.common import run_files
from taskfarm_cli.common.exit_status import CommandError, ExitStatus, UsageError
from taskfarm_cli.work.commands.faults import told
from taskfarm_cli.work.commands.programs import fault_of_program
from taskfarm_cli.work.template import SHELL
from taskfarm_sdk.execution.parts import Group, why_it_ended
from taskfarm_sdk.hidden import Hidden

if TYPE_CHECKING:
    from taskfarm_cli.work.plan import Options
    from taskfarm_cli.work.screen import Screen
    from taskfarm_sdk import Run, RunStatus

PREFIX = "TASKFARM_"
# Of workTF's own variables, those that hold neither a secret nor a task. TASKFARM_USER is not among
# them: a token may stand there.
KEPT = ("TASKFARM_CONFIG", "TASKFARM_DEBUG")


@attrs.frozen
class Hook:
    """A command that runs once.

    Attributes:
        option: the option that gave it, for messages.
        words: the program and its arguments.
    """

    option: str
    words: tuple[str, ...]

    @classmethod
    def of(cls, option: str, text: str | None, *, shell: bool) -> Hook | None:
        """Return the command of an option; None if it was not given.

        Args:
            option: the option.
            text: its value.
            shell: whether it is a line for a shell, and not words.

        Raises:
            UsageError: it is no command.
            CommandError: there is no such program.
        """
        if text is None:
            return None
        if not text.strip():
            raise UsageError(f"{option} needs a command (is a shell variable unset?)")
        if shell:
            return cls(option, (*SHELL, text))
        try:
            words = shlex.split(text)
        except ValueError as error:
            raise UsageError(
                f"{option} cannot be split into words ({error}): quote them as for a shell, or add "
                "--shell"
            ) from None
        if (fault := fault_of_program(words[0])) is not None:
            raise CommandError(f"{option}: {fault}", fault.status)
        return cls(option, tuple(words))

    def run(self, environment: Hidden[Mapping[str, str]], screen: Screen, grace_s: float) -> None:
        """Run it to its end; a failure is reported, and changes nothing.

        Raises:
            CommandError: Ctrl-C or SIGTERM ended it.
        """
        screen.say(f"running the command of {self.option}")
        # A closed stderr is no descriptor to write to; stdout belongs to the tasks' output.
        is_open = sys.stderr is not None  # pyright: ignore[reportUnnecessaryComparison]
        to = 2 if is_open else subprocess.DEVNULL
        try:
            group = Group(self.words, env=environment, stdout=to, stderr=to)
        except (OSError, ValueError) as error:
            screen.say(f"the command of {self.option} could not be started: {told(error)}")
            return
        try:
            with _told_to_end():
                status = group.wait()
        except KeyboardInterrupt:
            raise self._ended(group, signal.SIGINT, grace_s) from None
        except SystemExit:
            raise self._ended(group, signal.SIGTERM, grace_s) from None
        finally:
            group.kill()
        if status:
            screen.say(f"the command of {self.option} failed: {why_it_ended(status)}")

    def _ended(self, group: Group, number: signal.Signals, grace_s: float) -> CommandError:
        """Ask it to end, and return the error that ends workTF."""
        group.signal(number)
        # The second time it is killed at once.
        with suppress(KeyboardInterrupt, SystemExit), _told_to_end():
            group.wait(grace_s)
        how = "interrupted" if number == signal.SIGINT else f"ended by {number.name}"
        return CommandError(
            f"{how} while the command of {self.option} ran; the run is finished",
            ExitStatus.of_signal(number),
        )


@contextmanager
def _told_to_end() -> Generator[None]:
    """Have SIGTERM, which no worker handles any more, raise `SystemExit` inside the `with`."""

    def end(number: int, _: object) -> None:
        raise SystemExit(ExitStatus.of_signal(number))

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL if before is None else before)


@attrs.frozen
class Hooks:
    """The commands that run when the run is finished.

    Attributes:
        on_failure: the one that runs, before the other, if tasks failed.
        on_end: the one that runs in any case.
        grace_s: the time from asking them to end until killing them.
    """

    on_failure: Hook | None
    on_end: Hook | None
    grace_s: float

    @classmethod
    def of(cls, options: Options) -> Hooks:
        """Return those of a command line.

        Raises:
            UsageError: an option holds no command.
            CommandError: there is no such program.
        """
        return cls(
            Hook.of("--on-failure", options.on_failure, shell=options.shell),
            Hook.of("--on-end", options.on_end, shell=options.shell),
            options.grace_s,
        )

    def __bool__(self) -> bool:
        return self.on_failure is not None or self.on_end is not None

    def bound(self, url: str, screen: Screen) -> Callable[[Run, RunStatus], None] | None:
        """Return what runs the commands for a finished run; None if there are none.

        Args:
            url: the API's URL.
            screen: shows messages.
        """
        return partial(self.run, url=url, screen=screen) if self else None

    def run(self, run: Run, status: RunStatus, *, url: str, screen: Screen) -> None:
        """Run the commands for a finished run.

        Args:
            run: the run.
            status: its status.
            url: the API's URL.
            screen: shows messages.

        Raises:
            CommandError: Ctrl-C or SIGTERM ended one.
        """
        environment = Hidden({**plain(os.environ), **facts(run, status, url)})
        if self.on_failure is not None and status.failed:
            self.on_failure.run(environment, screen, self.grace_s)
        if self.on_end is not None:
            self.on_end.run(environment, screen, self.grace_s)


def plain(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without credentials, and without a task inside which workTF runs."""
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith(PREFIX) or name in KEPT
    }


def facts(run: Run, status: RunStatus, url: str) -> dict[str, str]:
    """Return the variables that tell a command about a finished run.

    Args:
        run: the run.
        status: its status.
        url: the API's URL, which never holds a user or password.
    """
    failed = "" if status.failed is None else str(status.failed)
    name = next((note.name for note, _ in run_files.known(run.uuid) if note.name), None)
    named = {} if name is None else {"TASKFARM_NAME": name}
    return {
        **named,
        "TASKFARM_RUN": run.uuid,
        "TASKFARM_URL": url,
        "TASKFARM_TASKS": str(status.num_tasks),
        "TASKFARM_DONE": str(status.done),
        "TASKFARM_FAILED": failed,
    }
