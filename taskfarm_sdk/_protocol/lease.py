"""The one number that the server keeps of a task, and what our workers write into it.

`percentCompleted` is kept exactly, so its decimals carry who holds a task and how often it was
tried. A value has 12 of them: the percentage (2), attempts (2), beat (2), holder (4), check (2).
The check is made from all the rest and is never 00; a value without a right one is another
client's, and says its percentage alone.
"""

from __future__ import annotations

import math
import secrets

import attrs

from taskfarm_sdk.errors import ConfigurationError

DECIMALS = 10**12
FAILED = 99  # in place of attempts, and beside it the attempts stand where the beat was
MAX_ATTEMPTS = 98
HOLDERS = 10_000
SUCCESS = 100.0
SUCCESS_LEAST = SUCCESS - 1e-6  # what other clients' arithmetic makes of 100
# An update may say 100, which is not completion: the server's restart passes over tasks at 100.
PERCENT_MOST = 99.99


@attrs.frozen
class Lease:
    """What the number says of a task.

    Attributes:
        percent: 0 to 99.99, in hundredths.
        attempts: how many attempts were counted, 0 to 98.
        beat: grows by one with each write of its holder and starts over after 99.
        holder: who wrote it: a number from 0 to 9999, drawn for each hand-out.
        failed: whether the task has failed for good.
    """

    percent: float
    attempts: int
    beat: int
    holder: int
    failed: bool = False


def encode(lease: Lease) -> float:
    """Return the number that says this lease."""
    hundredths = math.floor(round(min(lease.percent, PERCENT_MOST) * 100, 6))
    attempts, beat = min(lease.attempts, MAX_ATTEMPTS), lease.beat % 100
    if lease.failed:
        hundredths, attempts, beat = 0, FAILED, attempts
    rest = ((hundredths * 100 + attempts) * 100 + beat) * HOLDERS + lease.holder
    return (rest * 100 + _check(rest)) / DECIMALS


def decode(value: float | None) -> Lease | None:
    """Return the lease that a number says, or None if one of ours did not write it."""
    if value is None or not math.isfinite(value) or not 0 < value < SUCCESS:
        return None
    whole = round(value * DECIMALS)
    rest, check = divmod(whole, 100)
    if check != _check(rest) or whole / DECIMALS != value:
        return None
    rest, holder = divmod(rest, HOLDERS)
    rest, beat = divmod(rest, 100)
    hundredths, attempts = divmod(rest, 100)
    if attempts == FAILED:
        # A failed one that is handed out again was restarted by a person, and starts from 0.
        return Lease(0.0, beat, 0, holder, failed=True) if hundredths == 0 else None
    return Lease(hundredths / 100, attempts, beat, holder)


def percent_of(value: float | None) -> float:
    """Return the percentage that a number says, whoever wrote it: 0 to 100."""
    lease = decode(value)
    if lease is not None:
        return lease.percent
    if value is None or math.isnan(value):
        return 0.0
    return min(max(value, 0.0), SUCCESS)


def same(one: float | None, other: float | None) -> bool:
    """Return whether two readings of a task's number are the same; NaN is the same as NaN."""
    return one == other or (_is_nan(one) and _is_nan(other))


def _is_nan(value: float | None) -> bool:
    return value is not None and math.isnan(value)


def max_attempts(value: int) -> int:
    """Return a number of attempts if the lease can count so many."""
    if type(value) is not int or not 1 <= value <= MAX_ATTEMPTS:
        raise ConfigurationError(
            f"max_attempts is a whole number from 1 to {MAX_ATTEMPTS}, not {value!r}"
        )
    return value


def new_holder() -> int:
    """Draw a holder for a hand-out."""
    # Not by `random`: a program that seeds it the same in each of its workers would give them all
    # the same holders, and draws of ours would spoil its own numbers.
    return secrets.randbelow(HOLDERS)


def failed_tasks(num_tasks: int, percent_done: float) -> int | None:
    """Return how many tasks of a finished run failed, from the run's mean percentage.

    A success counts 100 and a failure between 0.0099 and 0.01, so the number is exact up to a
    million failures.

    Returns:
        The number, or None where none comes out, or more than one: another client left tasks
        done at something else, and only a look at the tasks tells.
    """
    # Other clients' percentages have no bounds. Beyond these the mean says nothing, and the largest
    # overflow below.
    if not 0 <= percent_done <= SUCCESS + 1:
        return None
    missing = num_tasks - percent_done * num_tasks / 100
    # For the sum's rounding, and for what counts as success a little under 100.
    slack = 1e-6 + num_tasks * (SUCCESS - SUCCESS_LEAST) / 100
    least = math.ceil(missing / (1 - 0.0099 / 100) - slack)
    most = min(num_tasks, math.floor(missing / (1 - 0.01 / 100) + slack))
    return least if 0 <= least == most else None


def _check(rest: int) -> int:
    return 1 + rest % 97
