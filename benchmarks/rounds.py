"""Rounds in which the sides alternate, so that what else the machine does meets all alike."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable, Mapping, Sequence

import attrs

Samples = dict[str, list[float]]


@attrs.frozen
class Spread:
    """A median with the least and the most of the rounds.

    Attributes:
        median: of all rounds.
        low: the least.
        high: the most.
    """

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        if self.low == self.high:
            return f"{self.median:.3g}"
        return f"{_short(self.median)} ({_short(self.low)} to {_short(self.high)})"


def alternate(sides: Mapping[str, Callable[[], float]], rounds: int) -> Samples:
    """Measure all sides once in each round, every other round in reverse order.

    Args:
        sides: what to call for each; returns what it measured.
        rounds: how many, 1 or more.
    """
    samples: Samples = {side: [] for side in sides}
    for number in range(rounds):
        order = list(sides) if number % 2 == 0 else list(sides)[::-1]
        for side in order:
            samples[side].append(sides[side]())
    return samples


def spread(values: Sequence[float]) -> Spread:
    """Return the median and the ends of what the rounds gave."""
    return Spread(statistics.median(values), min(values), max(values))


def ratio(above: Sequence[float], below: Sequence[float]) -> Spread:
    """Return the spread of the ratios of two sides, taken round by round."""
    return spread([one / other for one, other in zip(above, below, strict=True)])


def timed(act: Callable[[], object]) -> Callable[[], float]:
    """Return a function that returns how many seconds `act` takes."""

    def measure() -> float:
        begin = time.perf_counter()
        act()
        return time.perf_counter() - begin

    return measure


def cpu_timed(act: Callable[[], object]) -> Callable[[], float]:
    """Return a function that returns how many seconds of CPU `act` takes in this process."""

    def measure() -> float:
        begin = time.process_time()
        act()
        return time.process_time() - begin

    return measure


def cpu_of_children(act: Callable[[], object]) -> tuple[float, float]:
    """Return how many seconds `act` takes, and how much CPU the processes that it waits for."""
    begin, begin_cpu = time.perf_counter(), _children_s()
    act()
    return time.perf_counter() - begin, _children_s() - begin_cpu


def _children_s() -> float:
    use = resource.getrusage(resource.RUSAGE_CHILDREN)
    return use.ru_utime + use.ru_stime


def _short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
