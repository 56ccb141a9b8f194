"""A run in chunks that workTF computes, and what became of each item."""

from __future__ import annotations

import signal
import subprocess
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import attrs

from taskfarm_sdk import Run
from tests.support.processes import NET_S, wait_until
from tests.support.work_tf import WORK, run_work_tf, wait_until_no_command_of

# Notes its item at its end, whatever signal comes: a command that dies has noted nothing.
NOTING = "trap '' TERM INT; echo {item} >> seen"


@attrs.frozen
class Chunked:
    """A run of items in chunks, in the current folder.

    Attributes:
        run: the run.
        items: how many items it has.
        chunk: how many each task has.
        words: more options of workTF.
    """

    run: Run
    items: int
    chunk: int
    words: tuple[str, ...] = ()

    def command_line(self, command: str, *, program: Sequence[str] = WORK) -> list[str]:
        """Return the words that have a shell's command run for the items."""
        inputs = Path("inputs")
        if not inputs.exists():
            inputs.write_text("".join(f"input {number}\n" for number in range(self.items)))
        own = (self.run.uuid, "--inputs", "inputs", "--chunk", str(self.chunk))
        return [*program, *own, *self.words, "--shell", "--", command]

    def work(self, command: str = NOTING, *, program: Sequence[str] = WORK) -> str:
        """Have workTF run a command for the items to the end; return what it said on stderr."""
        done = self.attempt(command, program=program)
        assert done.returncode == 0, done.stderr
        return done.stderr

    def attempt(
        self, command: str = NOTING, *, program: Sequence[str] = WORK
    ) -> subprocess.CompletedProcess[str]:
        """Have workTF run a command for the items to the end, whatever that is."""
        return run_work_tf(*self.command_line(command, program=program), program=())

    @contextmanager
    def running(self, command: str = NOTING) -> Generator[subprocess.Popen[bytes]]:
        """Have workTF run a command for the items for the time of a block, and kill it then."""
        with subprocess.Popen(
            self.command_line(command), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def started(self, command: str = NOTING) -> subprocess.Popen[str]:
        """Start a workTF that runs a command for the items, and return it."""
        return subprocess.Popen(
            self.command_line(command), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def interrupted(self, number: signal.Signals, after: int, *, alone: bool = True) -> int:
        """Send a workTF a signal once some more items were seen; return its exit status.

        Args:
            number: the signal.
            after: how many more.
            alone: whether no other works on the run, so that none of its commands is left.
        """
        goal = min(self.items, sum(self.seen().values()) + after)
        with self.running() as process:
            wait_until(lambda: self.total() >= goal or process.poll() is not None, NET_S)
            process.send_signal(number)
            process.wait(timeout=NET_S)
        if alone:
            # Those of a killed one end a moment later.
            wait_until_no_command_of(self.run)
        return process.returncode

    def total(self) -> int:
        """Return how many times an item was computed."""
        return sum(self.seen().values())

    def seen(self) -> Counter[int]:
        """Return how many times each item was computed."""
        seen = Path("seen")
        return Counter(map(int, seen.read_text().split()) if seen.exists() else ())

    @property
    def each_once(self) -> bool:
        """Whether each item was computed, and none twice."""
        return self.seen() == Counter(range(self.items))

    @property
    def is_whole(self) -> bool:
        """Whether each item was computed."""
        return set(self.seen()) == set(range(self.items))
