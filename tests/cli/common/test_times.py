"""Moments and ages, as people and scripts read them."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from taskfarm_cli.common.times import age, duration, local, local_iso

NOON = 1769860800.0  # 2026-01-31 12:00 UTC


@pytest.fixture(autouse=True)
def _in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        # Written out, because not every machine knows Berlin.
        patch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (5999, "99 min"),
        (6000, "1 h"),
        (2 * 86400 - 1, "47 h"),
        (2 * 86400, "2 days"),
        (400 * 86400, "400 days"),
    ],
)
def test_an_age_is_told_in_one_unit(seconds: float, told: str) -> None:
    assert age(seconds) == told


@pytest.mark.parametrize(
    ("at", "people", "scripts"),
    [
        (NOON, "2026-01-31 13:00 CET", "2026-01-31T13:00:00+01:00"),
        (NOON + 180 * 86400, "2026-07-30 14:00 CEST", "2026-07-30T14:00:00+02:00"),
    ],
    ids=["winter", "summer"],
)
def test_a_moment_is_told_in_the_zone_of_that_moment(at: float, people: str, scripts: str) -> None:
    assert (local(at), local_iso(at)) == (people, scripts)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (4.2, "0:05"), (65, "1:05"), (3723, "1:02:03"), (86400 * 3.5, "3 days")],
)
def test_durations_read_well(seconds: float, text: str) -> None:
    assert duration(seconds) == text
