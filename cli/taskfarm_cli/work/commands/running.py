"""A command that runs: its process group and the pipes of its output."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence

import attrs

from taskfarm_cli.work.commands.output import Streams
from taskfarm_cli.work.commands.pipes import Pipe
from taskfarm_sdk.execution.parts import GONE_AFTER_S, Group
from taskfarm_sdk.hidden import Hidden

# How often a running command's output and progress are looked at.
LOOK_EVERY_S = 0.2
# The system stops background processes that read from or configure the terminal with these.
OF_THE_TERMINAL = ("SIGTTIN", "SIGTTOU")


class Ending:
    """The request that all commands end, which comes from another thread.

    Attributes:
        asked: set once it came.
        by: the signal that they get.
        kill_at: when they are killed.
    """

    def __init__(self) -> None:
        self.asked: threading.Event = threading.Event()
        self.by: int = signal.SIGTERM
        self.kill_at: float = math.inf


@attrs.frozen
class Limits:
    """How long a command may take.

    Attributes:
        timeout_s: from its start until it is asked to end; None for no limit.
        grace_s: from then until it is killed.
    """

    timeout_s: float | None
    grace_s: float


class Running:
    """A command that was started.

    Args:
        command: its words.
        environment: its environment.
        streams: keep its output.
        open_files: its soft limit of open files; None for workTF's own.

    Raises:
        OSError: it cannot be started.
        ValueError: an argument or variable is invalid.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Hidden[Mapping[str, str]],
        streams: Streams,
        open_files: int | None,
    ) -> None:
        self._pipes: list[Pipe] = []
        self._killed_at = math.inf
        self._stop_told = False
        try:
            for keeper in (streams.out, streams.err):
                self._pipes.append(Pipe(keeper))
            out, err = self._pipes
            self.group: Group = Group(
                command,
                env=environment,
                stdout=out.theirs,
                stderr=err.theirs,
                open_files=open_files,
            )
        except BaseException:
            self.close()
            raise
        for pipe in self._pipes:
            pipe.began()
        self.began: float = time.monotonic()

    @property
    def fault(self) -> str | None:
        """Why some of its output is lost, or None."""
        return next((pipe.fault for pipe in self._pipes if pipe.fault is not None), None)

    def follow(
        self, limits: Limits, ending: Ending, look: Callable[[], None], say: Callable[[str], None]
    ) -> str | None:
        """Wait until it has ended, or cannot be ended; return why it was asked to end, or None.

        Args:
            limits: how long it may take.
            ending: when all commands are to end.
            look: called every `LOOK_EVERY_S`.
            say: shows the message that it was stopped.
        """
        over_at = math.inf if limits.timeout_s is None else self.began + limits.timeout_s
        kill_at, look_at = math.inf, self.began + LOOK_EVERY_S
        fault = None
        while not self._ends_within(min(over_at, kill_at, ending.kill_at, look_at)):
            now = time.monotonic()
            if now >= look_at:
                look_at = now + LOOK_EVERY_S
                look()
                self._tell_if_stopped(say)
            if fault is None and (now >= over_at or self.fault is not None):
                fault = self.fault or f"it took longer than {limits.timeout_s:g} s"
                over_at, kill_at = math.inf, now + limits.grace_s
                self.group.signal(signal.SIGTERM)
            if now >= min(kill_at, ending.kill_at):
                self._kill(now)
            if now >= self._killed_at + GONE_AFTER_S and ending.asked.is_set():
                return fault
        return fault

    def finish(self, ending: Ending) -> int | None:
        """Kill the processes that it left running, and keep their output.

        Returns:
            Its exit status (negative for a signal), or None if it cannot be ended and is left.
        """
        if self.group.poll() is None:
            return None
        status = self.group.kill()
        for pipe in self._pipes:
            pipe.finish(ending.asked.wait)
        return status

    def close(self) -> None:
        """Close the pipes: processes that it left running can write no more."""
        for pipe in self._pipes:
            pipe.close()

    def _ends_within(self, until: float) -> bool:
        """Keep its output until a given time at most; return whether it has ended."""
        now = time.monotonic()
        # After a kill, only the process's end is awaited.
        until = max(until, now + LOOK_EVERY_S) if self._killed_at <= now else until
        until = min(until, *(pipe.wakes_at(now) for pipe in self._pipes))
        awaited = [ours for pipe in self._pipes if (ours := pipe.awaited(now)) is not None]
        if self.group.wait(max(0.0, until - now), awaited) is not None:
            return True
        for pipe in self._pipes:
            pipe.pump()
        return False

    def _kill(self, now: float) -> None:
        self._killed_at = min(self._killed_at, now)
        self.group.signal(signal.SIGKILL)

    def _tell_if_stopped(self, say: Callable[[str], None]) -> None:
        number = self.group.stopped_by()
        if number is None or self._stop_told:
            self._stop_told = number is not None
            return
        self._stop_told = True
        name = signal.Signals(number).name
        why = (
            "it reads from or configures the terminal, which workTF does not allow: give it "
            "files, or options that avoid prompts"
            if name in OF_THE_TERMINAL
            else "another process stopped it"
        )
        say(
            f"has stopped ({name}): {why}; it waits until it is continued (kill -CONT "
            f"-{self.group.pid}), or until --timeout-s ends it"
        )
