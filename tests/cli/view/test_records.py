"""What is known of a run between its readings: no estimate rather than a wrong one."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import attrs
import pytest

from taskfarm_cli.view.facts import RunFacts
from taskfarm_cli.view.records import RunRecord
from taskfarm_cli.view.scans import TaskScan
from taskfarm_sdk._items.chunks import Chunks
from tests.support.scripted_farm import status

UUID = "a" * 32
TURN_S = 2.0


def read(*readings: tuple[float, int], turn_s: float = TURN_S) -> RunRecord:
    """Return the record of a run of 100 tasks that was read at times with some tasks done."""
    record = RunRecord(UUID)
    for now, done in readings:
        record.add(status(100, done=done), now, turn_s=turn_s)
    return record


def pace(facts: RunFacts) -> tuple[str, str]:
    return facts.rate, facts.left


STEADY = ((0.0, 0), (2.0, 2), (4.0, 4), (6.0, 6), (8.0, 8), (10.0, 10))


def test_rate_and_time_left_are_ranges_by_the_recent_completions() -> None:
    record = read(*STEADY)
    assert pace(record.facts(10.0, is_away=False)) == ("0.47 to 1.7 tasks/s", "up to 4 min left")
    assert pace(record.facts(19.0, is_away=False))[1] == "up to 4 min left"


def test_items_are_counted_where_tasks_are_chunks_of_several() -> None:
    record = RunRecord(UUID)
    record.know(Chunks(items=9_950, tasks=100))
    for now, done in STEADY:
        record.add(status(100, done=done), now, turn_s=TURN_S)
    told = record.facts(10.0, is_away=False)
    assert pace(told) == ("90 to 109 items/s", "80 to 100 s left")
    assert str(told.items) == "about 1,000 of 9,950 items done"
    assert told.seen.points[-1][1] == 1000
    record.add(status(100, done=100, failed=0), 200.0, turn_s=TURN_S)
    assert str(record.items) == "9,950 of 9,950 items done"


def test_what_was_seen_before_the_items_were_known_is_no_course_of_items() -> None:
    record = read(*STEADY)
    record.know(None)
    assert len(record.facts(10.0, is_away=False).seen.points) == len(STEADY)
    record.know(Chunks(items=10_000, tasks=100))
    record.add(status(100, done=12), 12.0, turn_s=TURN_S)
    told = record.facts(12.0, is_away=False)
    assert [amount for _, amount in told.seen.points] == [1200]
    assert pace(told) == ("", "")
    record.know(Chunks(items=10_000, tasks=100))
    record.interrupt()
    record.add(status(100, done=13), 14.0, turn_s=TURN_S)
    assert [amount for _, amount in record.facts(14.0, is_away=False).seen.points] == [1200, 1300]


def test_heartbeats_and_single_completions_tell_no_pace() -> None:
    record = RunRecord(UUID)
    for beat in range(20):
        beaten = attrs.evolve(status(100), percent_done=beat * 1e-8)
        record.add(beaten, 2.0 * beat, turn_s=TURN_S)
    record.add(status(100, done=1), 40.0, turn_s=TURN_S)
    record.add(status(100, done=1), 44.0, turn_s=TURN_S)
    assert pace(record.facts(44.0, is_away=False)) == ("", "")


def test_a_scan_is_dropped_with_its_picture_and_ended() -> None:
    record = read(*STEADY)
    scan = TaskScan(cast("Any", SimpleNamespace(num_tasks=5, task_infos=lambda: ())))
    record.scan, record.pictures = scan, (scan.picture(),)
    record.drop_scan()
    assert record.scan is None
    assert not record.pictures
    assert record.facts(10.0, is_away=False).scan is None


def test_while_the_server_is_away_no_pace_is_told() -> None:
    assert pace(read(*STEADY).facts(12.0, is_away=True)) == ("", "")


AFTER: dict[str, Callable[[RunRecord], None]] = {
    "an outage": RunRecord.interrupt,
    "an odd reply": lambda record: record.fail("odd", 12.0),
    "its deletion": lambda record: record.vanish(12.0),
}


@pytest.mark.parametrize("happens", AFTER.values(), ids=list(AFTER))
def test_after_an_error_no_pace_is_told(happens: Callable[[RunRecord], None]) -> None:
    record = read(*STEADY)
    happens(record)
    assert pace(record.facts(12.0, is_away=False)) == ("", "")


def test_an_old_reading_tells_no_pace() -> None:
    record = read(*STEADY)
    assert pace(record.facts(20.0, is_away=False))[1]
    assert pace(record.facts(21.0, is_away=False)) == ("", "")


def test_the_pace_after_an_outage_is_no_mean_over_it() -> None:
    record = read(*STEADY)
    record.interrupt()
    record.add(status(100, done=50), 1000.0, turn_s=TURN_S)
    assert pace(record.facts(1000.0, is_away=False)) == ("", "")
    record.add(status(100, done=70), 1010.0, turn_s=TURN_S)
    assert pace(record.facts(1010.0, is_away=False))[0] == "1.2 to 3 tasks/s"


def test_a_turn_that_comes_late_because_of_others_leaves_no_gap() -> None:
    times = [(20.0 * turn, turn) for turn in range(5)]
    assert read(*times, turn_s=20.0).facts(80.0, is_away=False).seen.gaps == ()


def test_a_time_in_which_nobody_looked_leaves_a_gap() -> None:
    record = read((0.0, 0), (2.0, 1), (500.0, 60), (502.0, 61))
    assert len(record.facts(502.0, is_away=False).seen.gaps) == 1


@pytest.mark.parametrize(
    ("age_s", "done", "is_old"), [(25, 5, False), (35, 5, True), (35, 100, False)]
)
def test_an_old_reading_counts_as_none_when_a_page_is_opened(
    age_s: float, done: int, is_old: bool
) -> None:
    record = read((1000.0, done))
    record.expire(1000.0 + age_s)
    assert math.isinf(record.asked_at) is is_old
    # What it told is still known.
    assert record.status is not None
