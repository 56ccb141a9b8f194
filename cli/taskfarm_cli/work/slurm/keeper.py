"""Keep workers of a run alive for `--keep`, until the run is finished."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING, NamedTuple

from taskfarm_cli.common import bars
from taskfarm_cli.common.exit_status import CommandError, ExitStatus
from taskfarm_cli.common.forecast import Forecast
from taskfarm_cli.work.slurm import advice, cli, policy
from taskfarm_cli.work.slurm.recovery import TaskRecovery
from taskfarm_sdk import ConnectionFailed, ServerError

if TYPE_CHECKING:
    from taskfarm_cli.work.manifest import UnleasedAfter
    from taskfarm_cli.work.screen import Screen
    from taskfarm_cli.work.slurm.cli import Element
    from taskfarm_sdk import Run, RunStatus, Worker

MOST_REFUSALS = 10
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Terms(NamedTuple):
    """The options of `--keep`.

    Attributes:
        name: the workers' name in the queue.
        workers: how many there may be.
        jobs: how many tasks each computes at a time.
        max_attempts: after how many attempts a task has failed.
        every_s: how often to look, at most.
        cancel_on_exit: whether the workers end with this process.
        limits: the time limits of a worker.
        remedy: advice for tasks that take longer than that.
        folder: the folder that the workers need to start.
        unleased_after_s: after how long a task without a heartbeat is recovered.
    """

    name: str
    workers: int
    jobs: int
    max_attempts: int
    every_s: float
    cancel_on_exit: bool
    limits: policy.Limits = policy.Limits()
    remedy: str = "give a longer --time, or make the tasks smaller"
    folder: str = ""
    unleased_after_s: UnleasedAfter = "auto"


class Keeper:
    """Keeps workers of a run alive.

    Args:
        run: the run.
        terms: the options of `--keep`.
        submit: submits so many workers and returns the array's id.
        said: returns the last lines that an array's workers wrote.
        screen: shows the messages.
    """

    def __init__(
        self,
        run: Run,
        terms: Terms,
        *,
        submit: Callable[[int], str],
        said: Callable[[Sequence[str]], str],
        screen: Screen,
    ) -> None:
        self._run = run
        self._terms = terms
        self._submit_to = submit
        self._said = said
        self._screen = screen
        self._history = policy.History(terms.limits)
        self._forecast = Forecast()
        self._alive: list[Element] = []
        self._shown = ""
        self._trouble = ""
        self._refusals = 0
        self._has_submitted = False
        self._warned_of = ""
        self._asked_by = 0
        self._is_held_back = False

    def keep(self) -> None:
        """Return when the run is finished.

        Raises:
            CommandError: the keeper gave up.
            KeyboardInterrupt: Ctrl-C was pressed.
            SystemExit: a signal came.
        """
        try:
            with self._signals(), closing(TaskRecovery(self._make_looker)) as lost:
                self._keep(lost)
        except BaseException:
            self._leave()
            raise
        self._cancel([element.name for element in self._alive if element.waits])

    def _make_looker(self) -> Worker:
        terms = self._terms
        return self._run.worker(
            linger=True,
            max_attempts=terms.max_attempts,
            unleased_after_s=terms.unleased_after_s,
        )

    def _keep(self, lost: TaskRecovery) -> None:
        rest_s = self._terms.every_s
        while True:
            before = self._shown
            status = self._look()
            if status is not None and status.finished:
                return
            if status is not None and not status.waiting:
                with self._held_back():
                    lost.look_after()
            calm = self._shown == before and not self._history.is_settling
            rest_s = policy.next_rest_s(rest_s, self._terms.every_s, calm=calm)
            time.sleep(rest_s)

    def _look(self) -> RunStatus | None:
        """Read the state of the run and its workers, and submit or cancel workers."""
        try:
            status = self._run.status()
            self._forecast.add(time.monotonic(), status)
            if status.finished:
                return status
            self._alive = cli.queue(self._terms.name)
        except (ConnectionFailed, ServerError, CommandError) as error:
            # The server or Slurm's controller may be restarting.
            self._tell(str(error))
            return None
        self._history.look(status, self._alive, time.monotonic())
        self._give_up_if_hopeless()
        self._act(status)
        self._show(status)
        return status

    def _act(self, status: RunStatus) -> None:
        terms = self._terms
        due = policy.decide(status, self._alive, workers=terms.workers, jobs=terms.jobs)
        self._cancel(due.cancel)
        if due.submit and not self._history.is_doubtful:
            self._submit(due.submit, status)

    def _submit(self, workers: int, status: RunStatus) -> None:
        try:
            with self._held_back():
                job = self._submit_to(workers)
                self._alive += [
                    cli.Element(job, str(task), "PENDING", 0.0, "None") for task in range(workers)
                ]
        except CommandError as error:
            self._refusals += 1
            if not self._has_submitted or self._refusals >= MOST_REFUSALS:
                raise
            self._tell(str(error))
            return
        self._refusals = 0
        self._has_submitted = True
        self._history.submitted(job, workers, status)

    def _show(self, status: RunStatus) -> None:
        self._trouble = ""
        waits = [element for element in self._alive if element.waits]
        words = [
            f"{status.done} of {status.num_tasks} done",
            f"{status.computing} computing",
            f"{len(self._alive) - len(waits)} workers running",
        ]
        if waits:
            reasons = sorted({element.reason for element in waits} - {"None"})
            words.append(f"{len(waits)} waiting" + (f" ({', '.join(reasons)})" if reasons else ""))
        shown = ", ".join(words)
        if self._screen.is_live:
            self._screen.draw(bars.percent(status), *words, *self._speed(), status=status)
        elif shown != self._shown:
            self._screen.say(shown)
        self._shown = shown

    def _speed(self) -> Sequence[str]:
        estimate = self._forecast.estimate()
        if estimate is None:
            return ()
        left = estimate.left_text(time.monotonic())
        return (left, estimate.rate_text()) if left else ()

    def _tell(self, trouble: str) -> None:
        """Report a problem once, until it is over."""
        if trouble != self._trouble:
            self._trouble = trouble
            self._screen.say(trouble)

    def _give_up_if_hopeless(self) -> None:
        """Warn after an array that ran out of time; raise after several, or several that died."""
        expired, deaths = self._history.expired, self._history.deaths
        remedy = self._terms.remedy
        if self._history.is_hopeless:
            has_output = self._show_output(deaths)
            ends = cli.ends(deaths)
            text = advice.of_deaths(deaths, ends, self._terms.folder, has_output=has_output)
            raise CommandError(text)
        if self._history.is_too_short:
            has_output = self._show_output(expired)
            raise CommandError(advice.of_expired(expired, remedy=remedy, has_output=has_output))
        if len(expired) == 1 and expired[0] != self._warned_of:
            self._warned_of = expired[0]
            most = policy.MOST_IN_A_ROW
            self._screen.say(advice.first_expired(expired[0], most, remedy=remedy))

    def _show_output(self, jobs: Sequence[str]) -> bool:
        """Show the last lines that arrays wrote, and return whether there are any."""
        said = self._said(jobs)
        for line in said.splitlines():
            self._screen.say(f"| {line}")
        return bool(said)

    def _leave(self) -> None:
        """Cancel the workers, or print the command that does."""
        with suppress(CommandError):
            self._alive = cli.queue(self._terms.name)
        arrays = sorted({element.array for element in self._alive}, key=int)
        if not arrays:
            return
        if self._terms.cancel_on_exit:
            if self._cancel(arrays):
                self._screen.say(f"cancelled the workers: {', '.join(arrays)}")
            return
        self._screen.say(
            f"the workers keep running: `scancel {' '.join(arrays)}` cancels them; to keep them "
            f"again, run the same command with the run's UUID, {self._run.uuid}"
        )

    def _cancel(self, names: Sequence[str]) -> bool:
        """Cancel workers; if that fails, print the error and return False."""
        try:
            cli.cancel(names)
        except CommandError as error:
            self._screen.say(f"{error}; to cancel by hand: scancel {' '.join(names)}")
            return False
        return True

    @contextmanager
    def _signals(self) -> Generator[None]:
        """Handle other signals like Ctrl-C, and all of them after `_held_back`."""

        def note(number: int, _: FrameType | None) -> None:
            self._asked_by = number
            if not self._is_held_back:
                self._raise_if_asked()

        # nohup, for example, ignores SIGHUP.
        heeded = [number for number in ENDING if signal.getsignal(number) is not signal.SIG_IGN]
        before = {number: signal.signal(number, note) for number in heeded}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def _held_back(self) -> Generator[None]:
        """Delay signals until the end of the block.

        An interrupted submission would leave an unknown array; an interrupted start, a thread that
        never runs.
        """
        self._is_held_back = True
        try:
            yield
        finally:
            self._is_held_back = False
        self._raise_if_asked()

    def _raise_if_asked(self) -> None:
        if self._asked_by == signal.SIGINT:
            raise KeyboardInterrupt
        if self._asked_by:
            raise SystemExit(ExitStatus.of_signal(self._asked_by))
