"""Runs a task's command, and says what came of it."""

from __future__ import annotations

import errno
import math
import signal
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from taskfarm_cli.common.exit_status import CommandError
from taskfarm_cli.work.commands.failure_text import failure_text
from taskfarm_cli.work.commands.joblog import Entry, JobLog
from taskfarm_cli.work.commands.output import Sink, Streams
from taskfarm_cli.work.commands.progress_file import ProgressFile
from taskfarm_sdk.execution import (
    TOLD_WITHIN_S,
    Completed,
    Failed,
    Group,
    Outcome,
    Released,
    may_be_asked,
    plain_environment,
    why_it_ended,
)

if TYPE_CHECKING:
    from taskfarm_cli.work.plan import Plan
    from taskfarm_cli.work.template import Job
    from taskfarm_sdk import Task

NOT_EXECUTABLE = 126
NOT_FOUND = 127
# How often a running command's output and progress are looked at.
LOOK_EVERY_S = 0.2


class CommandRunner:
    """Runs commands, one for each task.

    Args:
        plan: makes the commands, and says how long they may take.
        num_tasks: how many tasks the run has.
        sink: takes what they write.
        joblog: notes each attempt; None for no such file.
        folder: a folder for the files in which commands tell their progress.
    """

    def __init__(
        self, plan: Plan, num_tasks: int, *, sink: Sink, joblog: JobLog | None, folder: Path
    ) -> None:
        self._plan = plan
        self._num_tasks = num_tasks
        self._sink = sink
        self._joblog = joblog
        self._folder = folder
        self._environment = plain_environment()
        self._environment.pop("TASKFARM_INPUT", None)
        self._lock = threading.Lock()
        self._running: dict[int, Group] = {}
        self._ending = threading.Event()
        self._ends_by: int = signal.SIGTERM
        self._kill_at = math.inf

    def perform(self, task: Task, slot: int) -> Outcome:
        """Run a task's command, and return what came of it; for a `Dispatcher`.

        Raises:
            CommandError: the command cannot be executed.
            OSError: what it wrote cannot be kept or passed on.
        """
        try:
            streams = self._sink.begin(task.number, task.attempts + 1, slot)
        except OSError as error:
            # The next task may well have a place for its output.
            return Failed(f"{type(error).__name__}: {error}")
        job = self._plan.job(task.number, slot)
        status, fault = self._run(task, job, streams)
        if fault is None:
            return Completed()
        if self._was_asked_to_end(status):
            return Released()
        return Failed(failure_text(fault, job, self._plan.options), exit_status=status)

    def interrupt(self, error: BaseException) -> None:
        """Have all commands end: with the signal that came and a grace; a second time at once."""
        number = signal_of(error)
        with self._lock:
            again = self._ending.is_set()
            self._ends_by = signal.SIGKILL if again else number
            self._kill_at = time.monotonic() + (0 if again else self._plan.options.grace_s)
            running = list(self._running.values())
            self._ending.set()
        for group in running:
            group.signal(self._ends_by)

    def _run(self, task: Task, job: Job, streams: Streams) -> tuple[int, str | None]:
        """Return a command's exit status (negative for a signal), and what was wrong with it."""
        slot, command = job.slot, self._plan.template.fill(job)
        progress = ProgressFile(self._folder / f"progress-{slot}", task.update)
        started_at, began = time.time(), time.monotonic()
        environment = {**self._environment, **self._facts(task, job, progress)}
        try:
            group = Group(command, env=environment, stdout=streams.out, stderr=streams.err)
        except OSError as error:
            refused = cannot_execute(command[0], error)
            self._sink.end(streams, slot, refused.status)
            raise refused from error

        def look() -> None:
            progress.look()
            self._sink.look(streams, slot)

        fault = self._follow(slot, group, began, look)
        status = group.kill()
        self._sink.end(streams, slot, status)
        if self._joblog is not None:
            took_s = time.monotonic() - began
            self._joblog.add(Entry(task.number, command, started_at, took_s, status))
        return status, fault or (why_it_ended(status) if status else None)

    def _follow(
        self, slot: int, group: Group, began: float, look: Callable[[], None]
    ) -> str | None:
        """Return when the command has ended; what was wrong, if its time was over."""
        with self._lock:
            self._running[slot] = group
            is_late = self._ending.is_set()
        if is_late:
            group.signal(self._ends_by)
        try:
            return self._wait(group, began, look)
        except BaseException:
            group.kill()
            raise
        finally:
            with self._lock:
                del self._running[slot]

    def _wait(self, group: Group, began: float, look: Callable[[], None]) -> str | None:
        timeout_s = self._plan.options.timeout_s
        over_at = math.inf if timeout_s is None else began + timeout_s
        kill_at = math.inf
        fault = None
        while True:
            left_s = min(over_at, kill_at, self._kill_at) - time.monotonic()
            if group.wait(max(0.0, min(LOOK_EVERY_S, left_s))) is not None:
                return fault
            look()
            now = time.monotonic()
            if now >= over_at:
                fault, over_at = f"it took longer than {timeout_s:g} s", math.inf
                kill_at = now + self._plan.options.grace_s
                group.signal(signal.SIGTERM)
            if now >= min(kill_at, self._kill_at):
                group.kill()

    def _facts(self, task: Task, job: Job, progress: ProgressFile) -> Mapping[str, str]:
        facts = {
            "TASKFARM_TASK": str(task.number),
            "TASKFARM_NUM_TASKS": str(self._num_tasks),
            "TASKFARM_RUN": task.run_uuid,
            "TASKFARM_ATTEMPT": str(task.attempts + 1),
            "TASKFARM_PERCENT": f"{task.percent_completed:g}",
            "TASKFARM_PROGRESS_FILE": str(progress.path),
        }
        return facts if job.input is None else {**facts, "TASKFARM_INPUT": job.input}

    def _was_asked_to_end(self, status: int) -> bool:
        if may_be_asked(status):
            self._ending.wait(TOLD_WITHIN_S)
        return self._ending.is_set()


def signal_of(error: BaseException) -> int:
    """Return the signal that ended the work by this error; SIGTERM where none did."""
    if isinstance(error, KeyboardInterrupt):
        return signal.SIGINT
    code = error.code if isinstance(error, SystemExit) else None
    return code - 128 if isinstance(code, int) and code > 128 else signal.SIGTERM


def cannot_execute(program: str, error: OSError) -> CommandError:
    """Return the error that ends workTF where a command cannot be executed."""
    if error.errno != errno.ENOENT:
        return CommandError(f"cannot execute {program!r}: {error.strerror}", NOT_EXECUTABLE)
    text = f"there is no program {program!r} here"
    if any(sign in program for sign in " \t&|;<>"):
        text += (
            ": after -- comes a program and its arguments, each a word of its own; a line for a "
            "shell needs --shell"
        )
    return CommandError(text, NOT_FOUND)
