"""The flows that set single tasks waiting: those that failed, or those that a person names."""

from __future__ import annotations

import math
from collections.abc import Iterable

from taskfarm_sdk import _validation
from taskfarm_sdk._flows.runs import status
from taskfarm_sdk._flows.tasks import existing, failed_numbers, free, is_failed, read
from taskfarm_sdk._protocol.operations import TaskRow
from taskfarm_sdk._sansio.steps import Flow
from taskfarm_sdk._session.session import Session


def reset_failed(farm: Session, uuid: str) -> Flow[int]:
    """Set the failed tasks waiting, and nothing else; return how many."""
    count = 0
    numbers = yield from failed_numbers(farm, uuid, (yield from status(farm, uuid)))
    for number in numbers:
        # Finding them all may have taken long, and somebody may have queued this one meanwhile.
        if is_failed((yield from read(farm, uuid, number))):
            yield from free(farm, uuid, number, is_failed)
            count += 1
    return count


def reset_tasks(farm: Session, uuid: str, num_tasks: int, numbers: Iterable[int]) -> Flow[int]:
    """Set these tasks waiting whatever they are at; return how many did not wait from 0 already.

    One that does not exist yet waits, and stays so: writing to it would make it out of turn.
    """
    _validation.sound_run(uuid, num_tasks)
    wanted = {_validation.task_number(number, num_tasks) for number in numbers}
    if not wanted:
        return 0
    there = yield from existing(farm, uuid, num_tasks)
    count = 0
    for number in sorted(n for n in wanted if n < there.surely):
        count += yield from _reset(farm, uuid, (yield from read(farm, uuid, number)))
    # Upwards without a gap: then a task that does not exist is the next in turn, which is harmless.
    for number in range(there.surely, min(there.likely, max(wanted) + 1)):
        row = yield from read(farm, uuid, number)
        if number in wanted:
            count += yield from _reset(farm, uuid, row)
    return count


def _reset(farm: Session, uuid: str, before: TaskRow) -> Flow[int]:
    if before.status == "waiting" and before.percent == 0:
        return 0
    yield from free(farm, uuid, before.number, lambda row: unchanged(row, before))
    return 1


def unchanged(row: TaskRow, before: TaskRow) -> bool:
    """Say whether a task is as it was; NaN, which another client may have written, is like NaN."""
    return row.status == before.status and (
        row.percent == before.percent or (_is_nan(row.percent) and _is_nan(before.percent))
    )


def _is_nan(percent: float | None) -> bool:
    return percent is not None and math.isnan(percent)
