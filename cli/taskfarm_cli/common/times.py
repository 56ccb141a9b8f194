"""Format moments, ages and durations for people, and moments for scripts."""

from __future__ import annotations

import math
from datetime import datetime

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_LONGEST_DAYS = 99
# So many of a unit are told in it: 90 minutes say more than 1 hour.
_MOST = ((_MINUTE, "s", 1), (100 * _MINUTE, "min", _MINUTE), (2 * _DAY, "h", _HOUR))


def age(seconds: float) -> str:
    """Format an age in one unit: `45 s`, `12 min`, `30 h`, `17 days`.

    Args:
        seconds: the age; clocks that differ may make it negative, which is no age.
    """
    whole = max(0, int(seconds))
    for limit, unit, length in _MOST:
        if whole < limit:
            return f"{whole // length} {unit}"
    return f"{whole // _DAY} days"


def duration(seconds: float) -> str:
    """Format a duration: `0:05`, `1:02:03`, `3 days`, `over 99 days`."""
    if not seconds < _LONGEST_DAYS * _DAY:
        return f"over {_LONGEST_DAYS} days"
    whole = math.ceil(seconds)
    if whole >= 2 * _DAY:
        return f"{whole // _DAY} days"
    minutes, rest = divmod(whole, _MINUTE)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def local(at: float) -> str:
    """Format a moment in the local time zone, which it names: `2026-01-31 13:00 CET`.

    Args:
        at: seconds since 1970.
    """
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M %Z")


def local_iso(at: float) -> str:
    """Format a moment in the local time zone as ISO 8601: `2026-01-31T13:00:00+01:00`.

    Args:
        at: seconds since 1970.
    """
    return datetime.fromtimestamp(at).astimezone().isoformat(timespec="seconds")
