"""Axes: round ends and labels for values, times, durations and rates."""

from __future__ import annotations

import datetime
import math

from taskfarm_sdk.charts import _checked

_MINUTE_S, _HOUR_S, _DAY_S = 60.0, 3600.0, 86400.0
# The end of the last unit in which a number of seconds is written, and that unit.
_DURATIONS = (
    (0.1, 0.001, "ms"),
    (_MINUTE_S, 1.0, "s"),
    (_HOUR_S, _MINUTE_S, "min"),
    (_DAY_S, _HOUR_S, "h"),
)
_UNITS = ((1.0, "s"), (_MINUTE_S, "minute"), (_HOUR_S, "hour"))
_PARTS = 4
# Floats of lower powers of ten are not exact, and divisions by them not finite.
_LEAST_POWER = -300


def rounded_up(value: float) -> float:
    """Return the least of 1, 2, 4, 10, 20, 40 … (or 0.1, 0.2 …) that is not below a value.

    Each is a number that is easy to read at a half and a quarter.
    """
    if not value > 0 or not math.isfinite(value):
        return 1.0
    power = 10.0 ** max(_LEAST_POWER, math.floor(math.log10(value)))
    return next((step * power for step in (1, 2, 4) if step * power >= value), 10 * power)


def short(value: float) -> str:
    """Return a number with three digits at most before `k`, `M` or a power of ten."""
    size = abs(value)
    if not math.isfinite(value):
        return "unknown"
    if size >= 1e9:
        return f"{value:.3g}"
    if size >= 1e6:
        return f"{value / 1e6:.3g}M"
    if size >= 1e4:
        return f"{value / 1e3:.3g}k"
    return f"{value:.0f}" if size >= 100 else f"{value:.3g}"


def duration_text(duration_s: float) -> str:
    """Return `duration_s` in the unit that suits it, with three digits: `1.23 s`, `4.5 min`.

    Raises:
        ValueError: it is no number.
    """
    duration_s = _checked.number("duration_s", duration_s)
    if not math.isfinite(duration_s):
        return "unknown"
    for end, unit_s, name in _DURATIONS:
        # What would be rounded to the end is written in the next unit.
        if abs(duration_s) < end * 0.9995:
            return f"{short(duration_s / unit_s)} {name}"
    return f"{short(duration_s / _DAY_S)} days"


def rate_unit(per_s: float) -> tuple[float, str]:
    """Return the unit of time in which a rate is at least 1: its seconds and its name."""
    fits = ((unit_s, name) for unit_s, name in _UNITS if per_s * unit_s >= 1)
    return next(fits, _UNITS[-1])


def rate_text(per_s: float) -> str:
    """Return a rate `per_s` in the unit that suits it: `12.3 per minute`.

    Raises:
        ValueError: it is no number.
    """
    per_s = _checked.number("per_s", per_s)
    if not math.isfinite(per_s):
        return "unknown"
    unit_s, name = rate_unit(per_s)
    return f"{short(per_s * unit_s)} per {'second' if name == 's' else name}"


def time_text(time_s: float) -> str:
    """Return the time `time_s` in UTC: `2026-01-31 12:00:00`.

    Raises:
        ValueError: it is no number.
    """
    time_s = _checked.number("time_s", time_s)
    return _moment(time_s).strftime("%Y-%m-%d %H:%M:%S") if _is_time(time_s) else "unknown"


def time_labels(begin_s: float, end_s: float) -> list[str]:
    """Return labels for the begin, the end and three times at equal distances between them."""
    pattern = _pattern(begin_s, end_s)
    step_s = (end_s - begin_s) / _PARTS
    return [_moment(begin_s + step_s * part).strftime(pattern) for part in range(_PARTS + 1)]


def dates_note(begin_s: float, end_s: float) -> str:
    """Return the dates of a span, and the time zone of its labels."""
    first, last = (_moment(time_s).strftime("%Y-%m-%d") for time_s in (begin_s, end_s))
    return f"{first} UTC" if first == last else f"{first} to {last} UTC"


def _pattern(begin_s: float, end_s: float) -> str:
    if end_s - begin_s < 10 * _MINUTE_S:
        return "%H:%M:%S"
    if end_s - begin_s <= 1.5 * _DAY_S:
        return "%H:%M"
    return "%m-%d" if end_s - begin_s > 10 * _DAY_S else "%m-%d %H:%M"


def _is_time(time_s: float) -> bool:
    return math.isfinite(time_s) and 0 <= time_s < 253402300800  # the end of the year 9999


def _moment(time_s: float) -> datetime.datetime:
    inside = min(max(time_s, 0.0), 253402300799.0) if math.isfinite(time_s) else 0.0
    return datetime.datetime.fromtimestamp(inside, datetime.UTC)
