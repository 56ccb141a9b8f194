"""The deadline of a worker: it claims no task that would not be done in time."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

# Enough to know how long tasks take, and few enough to sort at each claim.
REMEMBERED = 500
# A task is expected to take as long as all but the slower tenth of those before it.
SHARE = 0.9


def slower_tenth(durations: Sequence[float]) -> float:
    """Return the time that nine tenths of these do not exceed; 0 for none."""
    if not durations:
        return 0.0
    return sorted(durations)[math.ceil(SHARE * len(durations)) - 1]


class Deadline:
    """The moment at which a worker's time is over, and the durations of its tasks.

    Until its first task has ended, a worker claims while any time is left. Safe among threads.

    Args:
        ends_at: when the time is over, by `clock`.
        clock: tells the time in seconds; it never goes backwards.
        in_parts: whether a task can end after each of its parts, so that a claim needs the time of
            one part, and `took` counts for nothing.
    """

    def __init__(
        self,
        ends_at: float,
        clock: Callable[[], float] = time.monotonic,
        *,
        in_parts: bool = False,
    ) -> None:
        self.ends_at: float = ends_at
        self._in_parts = in_parts
        self._clock = clock
        self._lock = threading.Lock()
        self._durations: deque[float] = deque(maxlen=REMEMBERED)

    def took(self, duration_s: float) -> None:
        """Note that a task was completed, and took `duration_s`."""
        if not self._in_parts:
            self.took_part(duration_s)

    def took_part(self, duration_s: float) -> None:
        """Note that a part of a task was completed, and took `duration_s`."""
        with self._lock:
            self._durations.append(duration_s)

    @property
    def is_over(self) -> bool:
        """Whether the time is over."""
        return self._clock() >= self.ends_at

    @property
    def may_claim(self) -> bool:
        """Whether what begins now, a task or a part of one, is likely to be done in time."""
        if self.ends_at == math.inf:
            return True
        left_s = self.ends_at - self._clock()
        with self._lock:
            return left_s > 0 and left_s >= slower_tenth(self._durations)
