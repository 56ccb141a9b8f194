"""The policy of `--keep`: how many workers a run needs, and when to submit no more. No I/O here."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from taskfarm_cli.work.slurm.cli import Element
    from taskfarm_sdk import RunStatus

# An array that was seen to run for so long has not died at once.
AT_ONCE_S = 10.0
MOST_IN_A_ROW = 3
# Where nothing happens, the looks become rarer, up to so many times.
SLOWER = 1.5
RAREST = 4


class Decision(NamedTuple):
    """What is to be done now.

    Attributes:
        submit: how many workers to submit.
        cancel: the names of those to cancel, which wait and would find nothing to do.
    """

    submit: int
    cancel: tuple[str, ...]


def decide(status: RunStatus, alive: Sequence[Element], *, workers: int, jobs: int) -> Decision:
    """Say what is to be done for a run.

    Args:
        status: how the run stands.
        alive: its workers in the queue, waiting or running.
        workers: how many there may be.
        jobs: how many tasks each of them computes at a time.
    """
    waiting = [element for element in alive if element.waits]
    running = len(alive) - len(waiting)
    # What is computed beyond what the running ones can have in hand is others' business.
    in_hand = min(status.computing, running * jobs)
    needed = min(workers, math.ceil((status.waiting + in_hand) / jobs)) if status.waiting else 0
    if needed >= len(alive):
        return Decision(needed - len(alive), ())
    # The youngest wait longest.
    surplus = min(len(alive) - needed, len(waiting))
    return Decision(0, tuple(element.name for element in waiting[len(waiting) - surplus :]))


def next_rest_s(rest_s: float, every_s: float, *, calm: bool) -> float:
    """Return how long to rest before the next look.

    Args:
        rest_s: how long the last rest was.
        every_s: the least rest.
        calm: whether nothing has happened.
    """
    return min(rest_s * SLOWER, every_s * RAREST) if calm else every_s


class _Array:
    def __init__(self, workers: int, done: int) -> None:
        self.workers = workers
        self.done = done
        self.lived = self.is_dying = False
        self.was_needed = True


class History:
    """What became of the arrays that were submitted, and how many died at once in a row."""

    def __init__(self) -> None:
        self._open: dict[str, _Array] = {}
        self._deaths: list[str] = []

    def submitted(self, job: str, workers: int, status: RunStatus) -> None:
        """Note an array that was just submitted, of so many workers, and how the run stood then."""
        self._open[job] = _Array(workers, status.done)

    def look(self, status: RunStatus, alive: Iterable[Element]) -> None:
        """Note how the arrays stand now."""
        there = list(alive)
        for job, array in list(self._open.items()):
            elements = [element for element in there if element.array == job]
            array.lived |= any(element.ran_s >= AT_ONCE_S for element in elements)
            array.is_dying = (
                not array.lived
                and len(elements) < array.workers
                and not all(element.waits for element in elements)
            )
            # Where others took the last tasks meanwhile, there was nothing to finish.
            array.was_needed &= status.waiting > 0
            if not elements:
                del self._open[job]
                self._ended(job, array, status)

    def _ended(self, job: str, array: _Array, status: RunStatus) -> None:
        if array.lived or not array.was_needed or status.done > array.done:
            self._deaths.clear()
        else:
            self._deaths.append(job)

    @property
    def deaths(self) -> Sequence[str]:
        """The latest arrays that died at once, all in a row, having finished nothing."""
        return self._deaths

    @property
    def is_hopeless(self) -> bool:
        """Whether another one would most likely die as well."""
        return len(self._deaths) >= MOST_IN_A_ROW

    @property
    def is_doubtful(self) -> bool:
        """Whether to wait and see: of an array some workers are gone, others have just begun."""
        return any(array.is_dying for array in self._open.values())

    @property
    def is_settling(self) -> bool:
        """Whether it is not known yet of some array if it dies at once."""
        return any(not array.lived for array in self._open.values())
