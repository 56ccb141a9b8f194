"""The one reader of several runs: few requests, and others go on whatever happens to one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, cast

import pytest

from taskfarm_cli.manage.follow import Follower
from taskfarm_cli.manage.standing import Standing
from taskfarm_sdk import RunStatus
from taskfarm_sdk.errors import AuthenticationError, ServerError, UnexpectedReply
from tests.support.clock import FastClock
from tests.support.watched import (
    AWAY,
    GONE,
    SICK,
    URL,
    Answer,
    FakeFarm,
    Shown,
    a_run,
    counts,
    watched,
)


class Scene:
    """Some runs that are followed.

    Args:
        statuses: how they stand at the start.
    """

    def __init__(self, *statuses: RunStatus) -> None:
        self.clock = FastClock()
        self.farm = FakeFarm(self.answer, self.clock.now)
        self.board = Shown()
        self.said: list[str] = []
        self.answers: dict[int, Sequence[Answer]] = {}
        self.watched = watched(statuses)
        self.took_s = 0.0

    def answer(self, uuid: str) -> Answer:
        """Return the next answer about a run; the last one stays."""
        self.clock.advance(self.took_s)
        number = int(uuid[:8], 16)
        first, *others = self.answers[number]
        self.answers[number] = others or [first]
        return first

    def follow(self, timeout_s: float | None = None) -> bool:
        """Follow the runs to their end."""
        farm = cast("Any", self.farm)
        follower = Follower(farm, self.watched, self.board, self.said.append, self.clock)
        return follower.follow(timeout_s)

    @property
    def standings(self) -> list[Standing]:
        """How the runs stand."""
        return [one.row.standing for one in self.watched]


def test_each_run_is_read_until_it_is_finished() -> None:
    scene = Scene(counts(0), counts(3))
    scene.answers = {1: [counts(5), counts(10)], 2: [counts(10)]}
    assert scene.follow()
    assert Counter(uuid for _, uuid in scene.farm.asked) == {a_run(1).uuid: 2, a_run(2).uuid: 1}
    assert scene.standings == [Standing.FINISHED, Standing.FINISHED]
    assert scene.said == []


def test_runs_that_are_finished_are_shown_and_not_read_again() -> None:
    scene = Scene(counts(10), counts(10, failed=2))
    assert scene.follow()
    assert scene.farm.asked == []
    assert [row.standing for row in scene.board.rows] == [Standing.FINISHED, Standing.FAILED]


@pytest.mark.parametrize("runs", [1, 10, 100])
def test_there_is_one_request_in_two_seconds_however_many_runs_there_are(runs: int) -> None:
    scene = Scene(*[counts(0)] * runs)
    scene.answers = {number: [counts(1)] for number in range(1, runs + 1)}
    assert not scene.follow(timeout_s=1000)
    times = [time for time, _ in scene.farm.asked]
    assert len(times) == pytest.approx(1000 / 2, abs=1)
    assert min(b - a for a, b in pairwise(times)) >= 2
    by_run = Counter(uuid for _, uuid in scene.farm.asked)
    assert max(by_run.values()) - min(by_run.values()) <= 1


def test_a_run_that_ends_is_seen_before_its_turn_in_a_round_of_many() -> None:
    scene = Scene(*[counts(0, num_tasks=1000)] * 40)
    begun = scene.clock.now()
    scene.answers = {number: [counts(0, num_tasks=1000)] for number in range(2, 41)}

    def answer(uuid: str) -> Answer:
        if uuid != a_run(1).uuid:
            return counts(0, num_tasks=1000)
        # A task in a second: it ends after 1000 s.
        return counts(min(1000, int(scene.clock.now() - begun)), num_tasks=1000)

    scene.farm.answers = answer
    assert not scene.follow(timeout_s=1500)
    ended = max(at for at, uuid in scene.farm.asked if uuid == a_run(1).uuid)
    assert 1000 <= ended - begun <= 1000 + 80 / 4
    assert len(scene.farm.asked) <= 1500 / 2


def test_a_slow_server_is_asked_for_a_twentieth_of_the_time() -> None:
    scene = Scene(counts(0))
    scene.answers = {1: [counts(1)]}
    scene.took_s = 1.0
    assert not scene.follow(timeout_s=1000)
    assert len(scene.farm.asked) <= 1000 / 20 + 2


def test_runs_without_a_line_are_read_more_seldom_but_their_end_is_seen() -> None:
    scene = Scene(*[counts(0)] * 100)
    scene.answers = {number: [counts(1)] for number in range(1, 101)}
    scene.answers[100] = [counts(1), counts(10)]
    scene.board.only = {a_run(1).uuid, a_run(2).uuid}
    assert not scene.follow(timeout_s=3000)
    by_run = Counter(uuid for _, uuid in scene.farm.asked)
    assert by_run[a_run(1).uuid] > 4 * by_run[a_run(50).uuid] > 0
    assert scene.standings[99] is Standing.FINISHED


def test_a_deleted_run_is_one_line_and_the_others_go_on() -> None:
    scene = Scene(counts(0), counts(0))
    scene.answers = {1: [GONE], 2: [counts(5), counts(10)]}
    assert scene.follow()
    assert scene.said == [f"run {a_run(1).uuid} was deleted"]
    assert scene.standings == [Standing.DELETED, Standing.FINISHED]


@pytest.mark.parametrize(
    "error", [UnexpectedReply("no status"), ServerError("answered 501", status=501)]
)
def test_a_run_that_cannot_be_read_is_one_line_and_the_others_go_on(error: Any) -> None:
    scene = Scene(counts(0), counts(0))
    scene.answers = {1: [error], 2: [counts(10)]}
    assert scene.follow()
    assert scene.said == [f"run {a_run(1).uuid} cannot be read: {error}"]
    assert scene.standings == [Standing.UNREADABLE, Standing.FINISHED]


@pytest.mark.parametrize("error", [AWAY, SICK], ids=["away", "sick"])
def test_an_outage_is_two_lines_and_costs_one_request_at_a_time(error: Any) -> None:
    scene = Scene(*[counts(0)] * 3)
    scene.answers = {number: [error] * 20 + [counts(10)] for number in (1, 2, 3)}
    assert scene.follow()
    begin, end = scene.said
    assert begin == f"{URL} is unavailable, retrying: {error}"
    assert end.startswith(f"{URL} is back after ")
    times = [time for time, _ in scene.farm.asked[:60]]
    assert min(b - a for a, b in pairwise(times)) >= 2


def test_a_second_outage_is_told_again() -> None:
    scene = Scene(counts(0))
    scene.answers = {1: [AWAY, counts(1), AWAY, counts(10)]}
    assert scene.follow()
    assert [line.split()[2] for line in scene.said] == ["unavailable,", "back"] * 2


def test_an_error_of_one_run_alone_is_no_outage() -> None:
    scene = Scene(*[counts(0)] * 3)
    scene.answers = {1: [SICK] * 8 + [counts(10)], 2: [counts(1)] * 8 + [counts(10)]}
    scene.answers[3] = list(scene.answers[2])
    assert scene.follow()
    assert scene.said == [f"run {a_run(1).uuid} cannot be read for now, retrying: {SICK}"]
    assert scene.standings == [Standing.FINISHED] * 3


def test_the_time_of_an_outage_makes_no_run_stale() -> None:
    scene = Scene(counts(2, percent=21.5))
    scene.answers = {1: [AWAY] * 200 + [counts(2, percent=21.5)]}
    assert not scene.follow(timeout_s=500)
    assert scene.standings == [Standing.COMPUTING]
    scene.follow(timeout_s=200)
    assert scene.standings == [Standing.STALE]


def test_a_server_that_asks_to_be_left_alone_is() -> None:
    scene = Scene(counts(0))
    busy = ServerError("busy", status=429, retry_after_s=40.0)
    scene.answers = {1: [busy, counts(10)]}
    assert scene.follow()
    (first, _), (second, _) = scene.farm.asked
    assert second - first >= 40


def test_credentials_that_are_refused_end_it() -> None:
    scene = Scene(counts(0), counts(0))
    scene.answers = {1: [AuthenticationError("log in again")], 2: [counts(1)]}
    with pytest.raises(AuthenticationError):
        scene.follow()


def test_the_time_limit_holds_in_an_outage_too() -> None:
    scene = Scene(counts(0))
    scene.answers = {1: [AWAY]}
    began = scene.clock.now()
    assert not scene.follow(timeout_s=7)
    assert scene.clock.now() - began == pytest.approx(7)


def test_a_row_tells_rate_and_time_left() -> None:
    scene = Scene(counts(0, num_tasks=1000))
    scene.answers = {1: [counts(done, num_tasks=1000) for done in (*range(2, 100, 2), 1000)]}
    assert scene.follow()
    row = scene.board.changes[40]
    assert row.estimate is not None
    assert row.estimate.per_s.least < 1 < row.estimate.per_s.most
    assert row.estimate.rate_text().endswith(" tasks/s")


def test_while_the_server_is_away_no_row_tells_a_time_left() -> None:
    scene = Scene(counts(0, num_tasks=1000), counts(0, num_tasks=1000))
    going: list[Answer] = [counts(done, num_tasks=1000) for done in range(2, 100, 2)]
    scene.answers = {1: [*going, AWAY], 2: [*going, AWAY]}
    scene.follow(timeout_s=100)
    assert all(row.estimate is not None for row in scene.board.rows)
    scene.follow(timeout_s=200)
    assert "unavailable" in scene.said[0]
    assert [row.estimate for row in scene.board.rows] == [None, None]
    # Until the run itself is read again, what was before the outage tells nothing.
    scene.answers = {1: [counts(100, num_tasks=1000)], 2: [AWAY]}
    scene.follow(timeout_s=3)
    assert sum(row.estimate is None for row in scene.board.rows) >= 1


def test_a_run_that_waits_is_idle_only_after_a_while_without_completions() -> None:
    scene = Scene(counts(0, 0))
    scene.answers = {1: [counts(0, 0)]}
    scene.follow(timeout_s=20)
    assert not scene.watched[0].row.is_idle
    scene.follow(timeout_s=20)
    assert scene.watched[0].row.is_idle


def test_a_run_of_short_tasks_is_at_work_between_two_of_them() -> None:
    scene = Scene(counts(0, 0, num_tasks=1000))
    scene.answers = {1: [counts(done, 0, num_tasks=1000) for done in range(2, 100, 2)]}
    scene.follow(timeout_s=60)
    assert scene.standings == [Standing.COMPUTING]
