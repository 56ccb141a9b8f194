"""The lease that a worker writes into a task's percentage.

The server stores `percentCompleted` exactly, so its decimals can carry the holder of a task and the
number of attempts. A value has 12 decimals: percentage (2), attempts (2), beat (2), holder (4),
check (2). The check is computed from all others and is never 00; a value without a valid check is
another client's, and is only a percentage.
"""

from __future__ import annotations

import math
import secrets

import attrs

from taskfarm_sdk._text import shown
from taskfarm_sdk.errors import ConfigurationError

DECIMALS = 10**12
FAILED = 99  # replaces the attempts, which then replace the beat
MAX_ATTEMPTS = 98
HOLDERS = 10_000
SUCCESS = 100.0
SUCCESS_LEAST = SUCCESS - 1e-6  # other clients may round 100 down to this
# A report of 100 is no completion, and the server's restart leaves out tasks at 100.
PERCENT_MOST = 99.99


@attrs.frozen
class Lease:
    """The contents of a lease.

    Attributes:
        percent: 0 to 99.99, in hundredths.
        attempts: the number of counted attempts, 0 to 98.
        beat: increases by one with each write of the holder, and restarts at 0 after 99.
        holder: the worker that wrote it: a random number from 0 to 9999 for each hand-out.
        failed: whether the task has failed for good.
    """

    percent: float
    attempts: int
    beat: int
    holder: int
    failed: bool = False


def encode(lease: Lease) -> float:
    """Return the percentage that encodes a lease."""
    hundredths = math.floor(round(min(lease.percent, PERCENT_MOST) * 100, 6))
    attempts, beat = min(lease.attempts, MAX_ATTEMPTS), lease.beat % 100
    if lease.failed:
        hundredths, attempts, beat = 0, FAILED, attempts
    rest = ((hundredths * 100 + attempts) * 100 + beat) * HOLDERS + lease.holder
    return (rest * 100 + _check(rest)) / DECIMALS


def decode(value: float | None) -> Lease | None:
    """Return the lease in a percentage, or None if another client wrote it."""
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
        # A failed task that is handed out again was reset by a user, so it starts from 0.
        return Lease(0.0, beat, 0, holder, failed=True) if hundredths == 0 else None
    return Lease(hundredths / 100, attempts, beat, holder)


def percent_of(value: float | None) -> float:
    """Return the percentage from 0 to 100 in a value, with or without a lease."""
    lease = decode(value)
    if lease is not None:
        return lease.percent
    if value is None or math.isnan(value):
        return 0.0
    return min(max(value, 0.0), SUCCESS)


def kept_in(value: float | None, *, leased_only: bool) -> float:
    """Return the percentage from which a task goes on.

    Args:
        value: the task's number.
        leased_only: whether it counts only with a lease, and else is 0: where it is a position, one
            that another client wrote would have work passed over that nobody did.
    """
    return 0.0 if leased_only and decode(value) is None else percent_of(value)


def same(one: float | None, other: float | None) -> bool:
    """Return whether two readings of a task's number are the same; NaN is the same as NaN."""
    return one == other or (_is_nan(one) and _is_nan(other))


def _is_nan(value: float | None) -> bool:
    return value is not None and math.isnan(value)


def max_attempts(value: int) -> int:
    """Return `value` if the lease can count this many attempts."""
    if type(value) is not int or not 1 <= value <= MAX_ATTEMPTS:
        raise ConfigurationError(
            f"max_attempts must be an integer from 1 to {MAX_ATTEMPTS}, not {shown(value)}"
        )
    return value


def new_holder() -> int:
    """Return a random holder for a hand-out."""
    # Not from `random`: a program that seeds it alike in all workers would give them all the same
    # holders, and these draws would change the program's own random numbers.
    return secrets.randbelow(HOLDERS)


def failed_tasks(num_tasks: int, percent_done: float) -> int | None:
    """Return how many tasks of a finished run failed, from the run's mean percentage.

    A success counts 100 and a failure between 0.0099 and 0.01, so the number is exact up to a
    million failures.

    Returns:
        The number, or None if it is ambiguous, because another client set tasks done at other
        percentages; then only the tasks themselves show it.
    """
    # Other clients' percentages have no bounds. Beyond these the mean says nothing, and the largest
    # overflow below.
    if not 0 <= percent_done <= SUCCESS + 1:
        return None
    missing = num_tasks - percent_done * num_tasks / 100
    # For rounding of the sum, and for successes slightly below 100.
    slack = 1e-6 + num_tasks * (SUCCESS - SUCCESS_LEAST) / 100
    least = math.ceil(missing / (1 - 0.0099 / 100) - slack)
    most = min(num_tasks, math.floor(missing / (1 - 0.01 / 100) + slack))
    return least if 0 <= least == most else None


def _check(rest: int) -> int:
    return 1 + rest % 97


# Of a task that waits for its first attempt again, and that nobody holds.
AT_START = encode(Lease(percent=0.0, attempts=0, beat=0, holder=0))
_MEAN_LEAST = 1e-9


def mean_shown(percent_done: float) -> float:
    """Return a run's mean percentage as people see it: 0 if its tasks carry only `AT_START`."""
    return 0.0 if 0 < percent_done < _MEAN_LEAST else percent_done
