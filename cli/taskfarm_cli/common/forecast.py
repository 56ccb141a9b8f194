"""The rate of a run and its time left, as ranges from its recent completions.

Completions come by chance: where n came, the number to be expected lies between (√n - 1)² and
(√n + 1)² nineteen times out of twenty. The range is that of the last two minutes, or of as long as
16 completions took. Where the newer half of that time says otherwise, the pace has changed, and the
newer half alone counts. Fewer than four completions tell nothing, and then there is no estimate.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from taskfarm_cli.common.text import counted

if TYPE_CHECKING:
    from taskfarm_sdk import RunStatus
    from taskfarm_sdk._items.chunks import Chunks

WINDOW_S = 120.0
ENOUGH = 16
LEAST_COMPLETIONS = 4
# A rate over a shorter time varies too much.
LEAST_S = 3.0
# However many completions there were: what comes next is not like what was to the percent.
LEAST_SPREAD = 0.1
# Of a task. A heartbeat raises a percentage by less, and is no completion.
LEAST_INCREASE = 1e-3
LONGEST_S = 99 * 86400
# A reading tells the time left until some of the next ones should have come, and at least so long:
# five readings at the usual distance.
FRESH_READINGS, FRESH_S, LONGEST_FRESH_S = 3, 10.0, 600.0
_MOST_POINTS = 512
_MINUTE_S, _HOUR_S, _DAY_S = 60.0, 3600.0, 86400.0
# The end of the last time that is written in a unit, the unit, the step that it is rounded to, and
# its name.
_UNITS: tuple[tuple[float, float, float, str], ...] = (
    (20.0, 1.0, 1.0, "s"),
    (2 * _MINUTE_S, 1.0, 5.0, "s"),
    (3 * _HOUR_S, _MINUTE_S, 1.0, "min"),
    (3 * _DAY_S, _HOUR_S, 0.5, "h"),
    (LONGEST_S, _DAY_S, 0.5, "days"),
)
_RATES = ((1.0, "s"), (_MINUTE_S, "min"), (_HOUR_S, "h"))


class Range(NamedTuple):
    """What a number lies between.

    Attributes:
        least: the lower end.
        most: the upper end.
    """

    least: float
    most: float


class Estimate(NamedTuple):
    """How fast a run goes and how long it takes, as far as its completions tell.

    Attributes:
        per_s: completions in a second.
        left_s: seconds until the run is finished, at `at`.
        noun: what is counted, in the singular.
        at: when it was made, by a monotonic clock.
        fresh_s: after how many seconds it tells no time left any more.
    """

    per_s: Range
    left_s: Range
    noun: str
    at: float
    fresh_s: float = FRESH_S

    def left_text(self, now: float) -> str:
        """Return the time left, `40 to 65 s left`, or an empty text where it is not known any more.

        That is so where the next readings did not come, as in an outage, and where the time is over
        although the last reading said that the run is not.

        Args:
            now: seconds of the same clock.
        """
        gone_s = now - self.at
        if gone_s > self.fresh_s or gone_s >= self.left_s.most:
            return ""
        return f"{span(Range(*(max(0.0, left_s - gone_s) for left_s in self.left_s)))} left"

    def rate_text(self) -> str:
        """Return the rate: `1.9 to 2.6 tasks/s`."""
        return rates(self.per_s, self.noun)


class Forecast:
    """The completions of a run, as far as they were watched.

    Args:
        chunks: the items of each task, which are counted where there are several in a task.
    """

    def __init__(self, chunks: Chunks | None = None) -> None:
        self._chunks = None if chunks is None or chunks.size == 1 else chunks
        self._points: list[tuple[float, float]] = []
        self._now = 0.0
        self._fresh_s = FRESH_S
        self._left = 0.0
        self._done = 0

    def add(self, now: float, status: RunStatus) -> None:
        """Record the run's status.

        Args:
            now: seconds of a monotonic clock.
            status: the status.
        """
        if self._points:
            between_s = FRESH_READINGS * (now - self._now)
            self._fresh_s = min(max(between_s, FRESH_S), LONGEST_FRESH_S)
        here = self._amount(status)
        if status.done < self._done:
            # It was reset, or tasks were recovered: what was before tells nothing.
            self._points.clear()
        if self._points and here < self._points[-1][1]:
            # An attempt failed, and what it had done is lost: that ends no completion before.
            lost = self._points[-1][1] - here
            self._points = [(then, amount - lost) for then, amount in self._points]
        has_grown = not self._points or here >= self._points[-1][1] + self._counted(LEAST_INCREASE)
        if self._points and has_grown and self._now > self._points[-1][0]:
            # Until then nothing was completed; when in the time since, nobody saw.
            self._points.append((self._now, self._points[-1][1]))
        if has_grown:
            self._points.append((now, here))
        if len(self._points) > _MOST_POINTS:
            del self._points[1 : _MOST_POINTS // 2 : 2]
        self._now, self._done = now, status.done
        self._left = self._still_left(status)

    def estimate(self) -> Estimate | None:
        """Return rate and time left by the last status; None where the completions do not tell."""
        per_s = self._per_s()
        if per_s is None or not self._left:
            return None
        left_s = Range(self._left / per_s.most, self._left / per_s.least)
        noun = "task" if self._chunks is None else "item"
        return Estimate(per_s, left_s, noun, self._now, self._fresh_s)

    def stands_still(self) -> bool:
        """Return whether nothing was completed in the last two minutes, all of them watched."""
        return self.quiet_s >= WINDOW_S

    @property
    def quiet_s(self) -> float:
        """For how long nothing was completed, as far as the run was watched."""
        return self._now - self._points[-1][0] if self._points else 0.0

    def _per_s(self) -> Range | None:
        if not self._points:
            return None
        whole_s = self._now - self._begin()
        if whole_s < LEAST_S:
            return None
        whole = self._since(whole_s)
        recent = self._since(whole_s / 2)
        has_changed = recent.least > whole.most or recent.most < whole.least
        within_s = whole_s / 2 if has_changed else whole_s
        count = self._count(within_s)
        if count < LEAST_COMPLETIONS:
            return None
        found, mean = recent if has_changed else whole, count / within_s
        return Range(
            min(found.least, mean * (1 - LEAST_SPREAD)), max(found.most, mean * (1 + LEAST_SPREAD))
        )

    def _begin(self) -> float:
        """Return the begin of the time that counts."""
        last = self._points[-1][1]
        enough = (
            then
            for then, amount in reversed(self._points)
            if self._now - then >= WINDOW_S and last - amount >= ENOUGH
        )
        return next(enough, self._points[0][0])

    def _since(self, within_s: float) -> Range:
        """Return what the rate of the last seconds lies between."""
        root = math.sqrt(self._count(within_s))
        return Range(max(0.0, root - 1) ** 2 / within_s, (root + 1) ** 2 / within_s)

    def _count(self, within_s: float) -> float:
        """Return the completions of the last seconds, by even steps between readings."""
        begin = self._now - within_s
        after = self._points[-1]
        for point in reversed(self._points):
            if point[0] <= begin:
                between_s = after[0] - point[0]
                share = min(1.0, (begin - point[0]) / between_s) if between_s else 0.0
                return self._points[-1][1] - point[1] - share * (after[1] - point[1])
            after = point
        return self._points[-1][1] - self._points[0][1]

    def _amount(self, status: RunStatus) -> float:
        if self._chunks is None:
            return float(status.done)
        return self._counted(progress(status))

    def _still_left(self, status: RunStatus) -> float:
        return self._counted(status.num_tasks - progress(status))

    def _counted(self, tasks: float) -> float:
        """Return a number of tasks as one of what is counted."""
        return tasks if self._chunks is None else tasks * self._chunks.items / self._chunks.tasks


def progress(status: RunStatus) -> float:
    """Return the work done in a run as a number of tasks, including fractions of tasks."""
    share = status.percent_done / 100 * status.num_tasks
    # A failed task is done but counts 0 %, so more tasks can be done than the percentage shows.
    if not math.isfinite(share) or share < status.done:
        return float(status.done)
    return min(share, float(status.num_tasks))


def span(seconds: Range) -> str:
    """Return a time that lies in a range, in one unit and rounded outwards: `40 to 65 s`."""
    least_s, most_s = seconds
    if not most_s < LONGEST_S:
        unit_s, step, name = _unit(min(least_s, LONGEST_S))
        return f"over {_steps(math.floor, min(least_s, LONGEST_S), unit_s, step)} {name}"
    unit_s, step, name = _unit(most_s)
    least = _steps(math.floor, least_s, unit_s, step)
    most = _steps(math.ceil, most_s, unit_s, step)
    if least == most:
        return f"about {most} {name}"
    return f"up to {most} {name}" if least == "0" else f"{least} to {most} {name}"


def _unit(seconds: float) -> tuple[float, float, str]:
    """Return the unit for a time, the step that it is rounded to, and its name."""
    return next((unit[1:] for unit in _UNITS if seconds < unit[0]), _UNITS[-1][1:])


def _steps(rounded: Callable[[float], int], seconds: float, unit_s: float, step: float) -> str:
    # In whole steps first: 0.1 s more than a step, by rounding, would be a step more.
    return f"{rounded(round(seconds / unit_s / step, 6)) * step:g}"


def rates(per_s: Range, noun: str) -> str:
    """Return a rate that lies in a range, in a unit that gives readable numbers."""
    fits = (unit for unit in _RATES if per_s.most * unit[0] >= 1)
    unit_s, name = next(fits, _RATES[-1])
    least, most = (_digits(number * unit_s) for number in per_s)
    return f"{counted(most if least == most else f'{least} to {most}', noun)}/{name}"


def _digits(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.2g}"
