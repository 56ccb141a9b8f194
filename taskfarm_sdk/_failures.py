"""The last failed attempts that a farm saw, for the errors that report them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Collection, Sequence
from contextlib import suppress

import attrs

from taskfarm_sdk._caught import Caught, cut, with_lines
from taskfarm_sdk._models import TaskFailure
from taskfarm_sdk.errors import FunctionFailed

MOST = 100
# Short enough to follow an error's own text.
MOST_NEWEST = 500


@attrs.frozen
class SeenFailure:
    """A failed attempt.

    Attributes:
        run_uuid: the run's.
        record: the failure as users see it.
        caught: what is kept of the exception that failed it, if one did.
    """

    run_uuid: str
    record: TaskFailure
    caught: Caught | None = None


def seen(run_uuid: str, task: int, attempt: int, reason: str, caught: Caught | None) -> SeenFailure:
    """Return a failed attempt, described by its exception or else by its reason."""
    if caught is None:
        record = TaskFailure(task=task, attempt=attempt, type=None, text=cut(reason))
    else:
        record = TaskFailure(
            task=task,
            attempt=attempt,
            type=caught.type,
            text=caught.text,
            traceback=caught.traceback,
        )
    return SeenFailure(run_uuid, record, caught)


def arrived(failure: SeenFailure) -> SeenFailure:
    """Return a failure of another process, with the source lines that this process has."""
    if failure.caught is None:
        return failure
    caught = attrs.evolve(failure.caught, traceback=with_lines(failure.caught.traceback))
    record = attrs.evolve(failure.record, traceback=caught.traceback)
    return attrs.evolve(failure, record=record, caught=caught)


class FailureLog:
    """Keeps the last failures; safe among threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: deque[SeenFailure] = deque(maxlen=MOST)

    def add(self, failure: SeenFailure) -> None:
        """Keep a failure, in place of the oldest if there are too many."""
        with self._lock:
            self._seen.append(failure)

    def of(self, run_uuid: str, tasks: Collection[int] | None = None) -> list[SeenFailure]:
        """Return those of a run, oldest first.

        Args:
            run_uuid: the run's.
            tasks: only those of these tasks.
        """
        wanted = None if tasks is None else frozenset(tasks)
        with self._lock:
            return [
                failure
                for failure in self._seen
                if failure.run_uuid == run_uuid
                and (wanted is None or failure.record.task in wanted)
            ]

    def take(self) -> list[SeenFailure]:
        """Return all failures and forget them."""
        with self._lock:
            failures = list(self._seen)
            self._seen.clear()
            return failures


def records(failures: Sequence[SeenFailure]) -> tuple[TaskFailure, ...]:
    """Return what users see of failures."""
    return tuple(failure.record for failure in failures)


def newest(failures: Sequence[SeenFailure]) -> str:
    """Return the end of an error's text: the newest failure; empty if there is none."""
    if not failures:
        return ""
    return f". The newest failure seen here: {cut(str(failures[-1].record), MOST_NEWEST)}"


def cause(failures: Sequence[SeenFailure]) -> BaseException | None:
    """Return the exception of the newest failure; None if no exception failed it."""
    if not failures or failures[-1].caught is None:
        return None
    caught = failures[-1].caught
    if caught.error is not None:
        return caught.error
    from taskfarm_sdk import _pickles  # of no use to most programs

    error = None if caught.packed is None else _pickles.unpack(caught.packed)
    error = error or _stand_in(failures[-1], caught)
    # Tracebacks do not travel; Python shows a note below the exception.
    with suppress(Exception):
        error.add_note(f"It was raised in a task's function:\n{caught.traceback}")
    return error


def _stand_in(failure: SeenFailure, caught: Caught) -> FunctionFailed:
    return FunctionFailed(
        ": ".join(part for part in (caught.type, caught.text) if part),
        type_name=caught.type,
        traceback=caught.traceback,
        run=failure.run_uuid,
        task=failure.record.task,
    )
