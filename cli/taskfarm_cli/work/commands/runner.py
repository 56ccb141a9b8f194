"""Run the command of a task, or of an item of a task, and return the outcome."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import attrs

from taskfarm_cli.work.commands import faults
from taskfarm_cli.work.commands.failure_text import failure_text
from taskfarm_cli.work.commands.joblog import Entry, JobLog
from taskfarm_cli.work.commands.output import Sink, Streams
from taskfarm_cli.work.commands.progress_file import ProgressFile
from taskfarm_cli.work.commands.running import Ending, Limits, Running
from taskfarm_cli.work.template import without_items
from taskfarm_sdk.execution.parts import (
    TOLD_WITHIN_S,
    Completed,
    Failed,
    Outcome,
    Released,
    may_be_asked,
    plain_environment,
    why_it_ended,
    with_threads,
)
from taskfarm_sdk.hidden import Hidden

if TYPE_CHECKING:
    from taskfarm_cli.work.plan import Plan
    from taskfarm_cli.work.template import Job
    from taskfarm_sdk import Task

R = TypeVar("R")

# The exit status that is kept of a command that ended with 0, but too late or without its output.
FAILED_ALL_THE_SAME = 1


class CommandRunner:
    """Runs commands, one for each item.

    Args:
        plan: the plan for this run; makes the commands, and says how long they may take.
        num_tasks: how many tasks the run has.
        sink: takes what they write.
        joblog: notes each attempt; None for no such file.
        folder: a folder for the files in which commands tell their progress.
        say: shows a message.
        open_files: the commands' soft limit of open files; None for workTF's own.
        jobs: how many commands run at a time, and share the CPUs.
    """

    def __init__(
        self,
        plan: Plan,
        num_tasks: int,
        *,
        sink: Sink,
        joblog: JobLog | None,
        folder: Path,
        say: Callable[[str], None],
        open_files: int | None = None,
        jobs: int = 1,
    ) -> None:
        self._plan = plan
        self._in_chunks = plan.chunk > 1
        self._num_tasks = num_tasks
        self._sink = sink
        self._joblog = joblog
        self._joblog_misses = False
        self._folder = folder
        self._say = say
        self._open_files = open_files
        self._limits = Limits(plan.options.timeout_s, plan.options.grace_s)
        self._environment = self._shared_by(jobs)
        self._lock = threading.Lock()
        self._running: dict[int, Running] = {}
        self._ending = Ending()

    def resize(self, jobs: int, open_files: int | None) -> None:
        """Run other numbers of commands at a time from now on.

        Args:
            jobs: how many, at least 1.
            open_files: the soft limit of open files that workTF had before it raised it for them;
                None if it did not.
        """
        if self._open_files is None:
            self._open_files = open_files
        self._environment = self._shared_by(jobs)

    @property
    def is_ending(self) -> bool:
        """Whether all commands were asked to end."""
        return self._ending.asked.is_set()

    def perform(self, task: Task, slot: int) -> Outcome:
        """Run a task's command, and return the outcome; for a `Dispatcher`, in chunks of 1.

        Raises:
            OSError: what it wrote cannot be passed on.
        """
        return self.run(task, self._plan.job(task.number, slot))

    def run(self, task: Task, job: Job) -> Outcome:
        """Run an item's command, and return the outcome for its task.

        Raises:
            OSError: what it wrote cannot be passed on.
        """
        outcome = self._attempt(task, job)
        if isinstance(outcome, Failed):
            text = failure_text(outcome.reason, job, self._sink.place(job.item))
            return attrs.evolve(outcome, reason=text)
        if isinstance(outcome, Released) and self.is_ending:
            # All tasks are released: the reason for this one no longer matters.
            return Released()
        return outcome

    def interrupt(self, error: BaseException) -> None:
        """End all commands: with the received signal and a grace, or the second time at once."""
        number = signal_of(error)
        ending = self._ending
        with self._lock:
            again = ending.asked.is_set()
            ending.by = signal.SIGKILL if again else number
            ending.kill_at = time.monotonic() + (0 if again else self._plan.options.grace_s)
            running = list(self._running.values())
            ending.asked.set()
        for command in running:
            command.group.signal(ending.by)

    def _shared_by(self, jobs: int) -> Hidden[Mapping[str, str]]:
        """Return the environment of commands of which so many share the CPUs."""
        given = with_threads(plain_environment(), jobs, self._plan.options.threads_per_task)
        return Hidden(without_items(given.reveal()))

    def _attempt(self, task: Task, job: Job) -> Outcome:
        try:
            streams = self._persist(
                lambda: self._sink.begin(job, task.attempts + 1), faults.place_may_pass
            )
        except OSError as error:
            return faults.after_begin(error, own=lambda file: self._sink.owns(job.item, file))
        return self._run(task, job, streams)

    def _run(self, task: Task, job: Job, streams: Streams) -> Outcome:
        started_at, began = time.time(), time.monotonic()
        command: list[str] = []
        try:
            # What one item's words or this moment's shortages keep from starting.
            command = self._plan.template.fill(job)
            update = _ignore if self._in_chunks else task.update
            progress = ProgressFile(self._folder / f"progress-{job.slot}", update)
            facts = self._facts(task, job, progress)
            environment = Hidden({**self._environment.reveal(), **facts})
            running = self._persist(
                lambda: Running(command, environment, streams, self._open_files),
                faults.start_may_pass,
            )
        except (OSError, ValueError) as error:
            outcome = faults.after_start(command[0] if command else "", error)
            status = outcome.exit_status if isinstance(outcome, Failed) else None
            kept = self._end(streams, job.slot, status or faults.NOT_EXECUTABLE)
            if status is not None:
                self._note(Entry(job.item, command, started_at, 0.0, status))
            return outcome if isinstance(outcome, Failed) else kept or outcome

        def look() -> None:
            progress.look()
            self._sink.look(streams, job.slot)

        try:
            fault = self._follow(job, running, look)
            status = running.finish(self._ending)
        finally:
            running.close()
        if status is None:
            return Released("its command cannot be ended, and is left running")
        fault = fault or running.fault or (why_it_ended(status) if status else None)
        # What failed is not kept as a success, whatever the command says.
        kept = self._end(streams, job.slot, status or (0 if fault is None else FAILED_ALL_THE_SAME))
        self._note(Entry(job.item, command, started_at, time.monotonic() - began, status))
        if fault is None:
            return kept or Completed()
        if self._was_asked_to_end(status):
            return Released()
        is_lost = running.fault is not None or kept is not None
        return (faults.NotKept if is_lost else Failed)(fault, exit_status=status)

    def _follow(self, job: Job, running: Running, look: Callable[[], None]) -> str | None:
        """Wait for the command's end; return why it was asked to end, or None."""
        with self._lock:
            self._running[job.slot] = running
            is_late = self._ending.asked.is_set()
        if is_late:
            running.group.signal(self._ending.by)
        try:
            return running.follow(
                self._limits,
                self._ending,
                look,
                lambda text: self._say(f"the command of {self._what} {job.item} {text}"),
            )
        except BaseException:
            running.group.kill()
            raise
        finally:
            with self._lock:
                del self._running[job.slot]

    def _end(self, streams: Streams, slot: int, status: int) -> Outcome | None:
        """Have the sink keep the output; return the outcome if it cannot, or None."""
        try:
            self._persist(
                lambda: self._sink.end(streams, slot, status),
                lambda _: self._sink.persists,
            )
        except OSError as error:
            if not self._sink.persists:
                raise
            return faults.after_end(error)
        return None

    def _note(self, entry: Entry) -> None:
        if self._joblog is None:
            return
        try:
            self._joblog.add(entry)
        except OSError as error:
            if not self._joblog_misses:
                self._joblog_misses = True
                self._say(f"the job log misses lines: {faults.told(error)}")

    def _persist(self, action: Callable[[], R], may_pass: Callable[[Exception], bool]) -> R:
        """Call `action`, and retry it for `TRIED_FOR_S` if its error may pass."""
        give_up_at = time.monotonic() + faults.TRIED_FOR_S
        while True:
            try:
                return action()
            except OSError as error:
                is_over = time.monotonic() >= give_up_at or not may_pass(error)
                if is_over or self._ending.asked.wait(faults.TRIED_EVERY_S):
                    raise

    def _facts(self, task: Task, job: Job, progress: ProgressFile) -> Mapping[str, str]:
        return {
            "TASKFARM_TASK": str(task.number),
            "TASKFARM_NUM_TASKS": str(self._num_tasks),
            "TASKFARM_RUN": task.run_uuid,
            "TASKFARM_ATTEMPT": str(task.attempts + 1),
            # In a chunk it is the position among its items, and each begins anew.
            "TASKFARM_PERCENT": "0" if self._in_chunks else f"{task.percent_completed:g}",
            "TASKFARM_PROGRESS_FILE": str(progress.path),
            **job.environment(),
        }

    @property
    def _what(self) -> str:
        return "item" if self._in_chunks else "task"

    def _was_asked_to_end(self, status: int) -> bool:
        if may_be_asked(status):
            self._ending.asked.wait(TOLD_WITHIN_S)
        return self._ending.asked.is_set()


def _ignore(_: float) -> None:
    """Do nothing with the progress that an item of a chunk tells."""


def signal_of(error: BaseException) -> int:
    """Return the signal that ended the work by this error; SIGTERM where none did."""
    if isinstance(error, KeyboardInterrupt):
        return signal.SIGINT
    code = error.code if isinstance(error, SystemExit) else None
    return code - 128 if isinstance(code, int) and code > 128 else signal.SIGTERM
