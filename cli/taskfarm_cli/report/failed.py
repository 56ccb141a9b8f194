"""Failed attempts of a run: of a bounded number of tasks, with their messages."""

from __future__ import annotations

from collections.abc import Sequence

from taskfarm_cli.outcomes.attempt import Attempt
from taskfarm_cli.outcomes.states import TaskStates

# The failed attempts of so many tasks are kept with their messages, of either kind.
MOST_FAILED = 200


class FailedAttempts:
    """The last failed attempt of each task.

    Args:
        states: what the last attempt at each task came to, with the attempts that are added here;
            None if there are too many tasks.
    """

    def __init__(self, states: TaskStates | None) -> None:
        self._states = states
        self._final: dict[int, Attempt] = {}
        self._others: dict[int, Attempt] = {}

    def add(self, attempt: Attempt) -> None:
        """Take note of a failed attempt."""
        if attempt.outcome != "failed for good":
            self._add_other(attempt)
            return
        if len(self._final) >= MOST_FAILED and attempt.task not in self._final:
            self._make_room()
        if len(self._final) < MOST_FAILED or attempt.task in self._final:
            _put(self._final, attempt)

    def for_good(self) -> Sequence[Attempt]:
        """Return the last attempts at tasks that have failed for good, by task."""
        return [self._final[task] for task in sorted(self._final) if self._is_final(task)]

    def others(self) -> Sequence[Attempt]:
        """Return the last failed attempts at tasks that did not fail for good, by task."""
        found = {task: one for task, one in self._others.items() if not self._is_final(task)}
        for task, attempt in self._final.items():
            if not self._is_final(task):
                _put(found, attempt)
        return [found[task] for task in sorted(found)[:MOST_FAILED]]

    def _is_final(self, task: int) -> bool:
        if self._states is None:
            return task in self._final
        return self._states.has_failed(task)

    def _add_other(self, attempt: Attempt) -> None:
        _put(self._others, attempt)
        if len(self._others) < 2 * MOST_FAILED:
            return
        kept = sorted(self._others, key=self._place_among_others)[:MOST_FAILED]
        self._others = {task: self._others[task] for task in kept}

    def _place_among_others(self, task: int) -> tuple[bool, bool, int]:
        if self._states is None:
            return False, False, task
        # Who was completed later is shown nowhere else.
        return self._states.has_failed(task), not self._states.is_done(task), task

    def _make_room(self) -> None:
        for task in [task for task in self._final if not self._is_final(task)]:
            self._add_other(self._final.pop(task))


def _put(known: dict[int, Attempt], attempt: Attempt) -> None:
    last = known.get(attempt.task)
    if last is None or last.end_s <= attempt.end_s:
        known[attempt.task] = attempt
