"""The policy of --keep: how many workers it submits, and when it gives up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfarm_cli.work.slurm import policy
from taskfarm_cli.work.slurm.cli import Element
from taskfarm_cli.work.slurm.policy import History, Limits, decide, next_rest_s
from taskfarm_sdk import RunStatus

LONG_S = policy.AT_ONCE_S


def stands(waiting: int, computing: int = 0, done: int = 0, percent_done: float = 0.0) -> RunStatus:
    return RunStatus(
        num_tasks=waiting + computing + done,
        waiting=waiting,
        computing=computing,
        done=done,
        failed=None,
        percent_done=percent_done,
    )


def queue(running: int, waiting: int = 0) -> list[Element]:
    states = ["RUNNING"] * running + ["PENDING"] * waiting
    return [Element("1", str(task), state, 0.0, "None") for task, state in enumerate(states)]


@pytest.mark.parametrize(
    ("status", "alive", "jobs", "submit"),
    [
        pytest.param(stands(100), queue(0), 1, 4, id="all that may be"),
        pytest.param(stands(100), queue(3), 1, 1, id="what is missing"),
        pytest.param(stands(100), queue(1, 3), 1, 0, id="those that wait count"),
        pytest.param(stands(2), queue(0), 1, 2, id="no more than tasks"),
        pytest.param(stands(9), queue(0), 8, 2, id="no more than tasks, many at a time"),
        pytest.param(stands(1, computing=8), queue(2), 4, 1, id="both are full, one task waits"),
        pytest.param(stands(1, computing=7), queue(2), 4, 0, id="one has room"),
        pytest.param(stands(1, computing=50), queue(0), 1, 1, id="what others compute is theirs"),
        pytest.param(stands(0, computing=5), queue(0), 1, 0, id="nothing waits"),
        pytest.param(stands(5), queue(6), 1, 0, id="more than asked for run already"),
    ],
)
def test_how_many_are_submitted(
    status: RunStatus, alive: list[Element], jobs: int, submit: int
) -> None:
    assert decide(status, alive, workers=4, jobs=jobs) == (submit, ())


@pytest.mark.parametrize(
    ("status", "alive", "cancel"),
    [
        pytest.param(stands(2), queue(0, 4), ["1_2", "1_3"], id="fewer tasks than workers"),
        pytest.param(stands(0, computing=2), queue(2, 1), ["1_2"], id="nothing waits"),
        pytest.param(stands(1, computing=2), queue(2, 2), ["1_3"], id="one task waits"),
        pytest.param(stands(0, computing=9), queue(3), [], id="what runs is let run"),
    ],
)
def test_workers_that_wait_for_nothing_are_cancelled(
    status: RunStatus, alive: list[Element], cancel: list[str]
) -> None:
    assert decide(status, alive, workers=4, jobs=1) == (0, tuple(cancel))


counts = st.integers(0, 40)


@given(counts, counts, counts, counts, st.integers(1, 20), st.integers(1, 8))
def test_there_are_never_more_workers_than_asked_for_or_than_tasks(
    waiting: int, computing: int, running: int, pending: int, workers: int, jobs: int
) -> None:
    status = stands(waiting, computing)
    due = decide(status, queue(running, pending), workers=workers, jobs=jobs)
    left = running + pending + due.submit - len(due.cancel)
    assert not (due.submit and due.cancel)
    assert left <= max(workers, running)
    assert left <= max(waiting + computing, running)
    if waiting and not running and not pending:
        assert due.submit >= 1, "a run with tasks that wait goes on"


class Story:
    """What a history sees."""

    def __init__(self) -> None:
        self.history = History()
        self.number = 0

    def array(self, *, ran_s: float, finished: int = 0, waiting: int = 9) -> None:
        """An array is submitted, seen once, and gone."""
        self.number += 1
        job = str(self.number)
        self.history.submitted(job, 1, stands(9))
        self.history.look(stands(waiting), [Element(job, "0", "RUNNING", ran_s, "None")])
        self.history.look(stands(waiting, done=finished), [])


def test_three_arrays_in_a_row_that_died_at_once_are_hopeless() -> None:
    story = Story()
    for _ in range(2):
        story.array(ran_s=0)
        assert not story.history.is_hopeless
    story.array(ran_s=LONG_S - 1)
    assert story.history.is_hopeless
    assert story.history.deaths == ["1", "2", "3"]


@pytest.mark.parametrize(
    "between",
    [
        pytest.param({"ran_s": LONG_S}, id="one that lived"),
        pytest.param({"ran_s": 0, "finished": 1}, id="one that finished something"),
        pytest.param({"ran_s": 0, "waiting": 0}, id="one that found nothing to do"),
    ],
)
def test_another_in_between_begins_the_count_anew(between: dict[str, int]) -> None:
    story = Story()
    for _ in range(2):
        story.array(ran_s=0)
    story.array(**between)
    assert story.history.deaths == []
    for _ in range(2):
        story.array(ran_s=0)
    assert not story.history.is_hopeless


def test_one_that_was_never_seen_has_died_at_once() -> None:
    history = History()
    for number in range(3):
        history.submitted(str(number), 1, stands(9))
        history.look(stands(9), [])
    assert history.is_hopeless


def test_one_that_waits_for_long_has_not_died() -> None:
    history = History()
    history.submitted("1", 2, stands(9))
    for _ in range(100):
        history.look(stands(9), [Element("1", "0", "PENDING", 0.0, "Resources")])
    assert history.deaths == []
    assert history.is_settling
    history.look(stands(9), [Element("1", "0", "RUNNING", LONG_S, "None")])
    assert not history.is_settling


def test_an_array_lives_as_long_as_one_of_its_workers() -> None:
    history = History()
    history.submitted("1", 2, stands(9))
    history.look(stands(9), [Element("1", "1", "RUNNING", LONG_S, "None")])
    history.look(stands(9), [])
    assert history.deaths == []


@pytest.mark.parametrize(
    ("left", "doubtful"),
    [
        pytest.param([("RUNNING", 1.0)], True, id="the other has just begun"),
        pytest.param([("RUNNING", LONG_S)], False, id="the other lives"),
        pytest.param([("RUNNING", 1.0), ("RUNNING", 1.0)], False, id="both are there"),
        pytest.param([("PENDING", 0.0)], False, id="the other has not begun, and may not for days"),
        pytest.param([], False, id="both are gone"),
    ],
)
def test_an_array_that_may_be_dying_is_waited_for(
    left: list[tuple[str, float]], *, doubtful: bool
) -> None:
    history = History()
    history.submitted("1", 2, stands(9))
    there = [Element("1", str(n), state, ran_s, "None") for n, (state, ran_s) in enumerate(left)]
    history.look(stands(9), there)
    assert history.is_doubtful == doubtful


LIMIT_S = 600.0
LIMITS = Limits(lead_s=60.0, early_s=60.0)
# What is left of the limit when Slurm asks a worker to end, at the earliest.
WORK_S = LIMIT_S - 120.0


def element(job: str, ran_s: float, task: str = "0", state: str = "RUNNING") -> Element:
    return Element(job, task, state, ran_s, "None", LIMIT_S)


class Ending:
    """What a history sees of arrays that end with nothing done, by their limit or before."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.history = History(limits)
        self.now_s = 0.0
        self.number = 0

    def array(
        self,
        ran_s: float = WORK_S,
        *,
        after: RunStatus | None = None,
        rest_s: float = 0.0,
    ) -> None:
        """An array is submitted, seen once, and gone after a rest."""
        self.number += 1
        job = str(self.number)
        self.history.submitted(job, 1, stands(9))
        self.look(stands(8, computing=1), [element(job, ran_s)])
        self.now_s += rest_s
        self.look(after or stands(9), [])

    def look(self, status: RunStatus, alive: list[Element]) -> None:
        self.history.look(status, alive, self.now_s)


def test_three_arrays_in_a_row_that_reached_their_limit_for_nothing_are_too_short() -> None:
    ending = Ending()
    for number in range(1, 4):
        assert not ending.history.is_too_short
        ending.array()
        assert len(ending.history.expired) == number
    assert ending.history.is_too_short
    assert ending.history.expired == ["1", "2", "3"]
    assert not ending.history.is_hopeless


@pytest.mark.parametrize(
    ("ran_s", "rest_s", "expired"),
    [
        pytest.param(WORK_S, 0.0, True, id="seen at its limit"),
        pytest.param(WORK_S - 50, 60.0, True, id="reached it between two looks"),
        pytest.param(WORK_S - 60, 30.0, False, id="ended before"),
    ],
)
def test_an_array_has_reached_its_limit_if_it_can_have_run_so_long(
    ran_s: float, rest_s: float, *, expired: bool
) -> None:
    ending = Ending()
    ending.array(ran_s, rest_s=rest_s)
    assert bool(ending.history.expired) == expired


@pytest.mark.parametrize(
    ("after", "expired"),
    [
        pytest.param(stands(8, done=1), [], id="it completed a task"),
        pytest.param(stands(9, percent_done=5.0), [], id="its tasks are further than before"),
        pytest.param(stands(9, percent_done=0.001), ["1", "2"], id="decimals are no progress"),
        pytest.param(stands(9, percent_done=float("nan")), ["1", "2"], id="not a number"),
        pytest.param(stands(9, percent_done=float("inf")), ["1", "2"], id="infinite"),
        pytest.param(stands(0, computing=9), ["1"], id="nothing was given back"),
    ],
)
def test_only_arrays_without_progress_count(after: RunStatus, expired: list[str]) -> None:
    ending = Ending()
    ending.array()
    ending.array(after=after)
    assert ending.history.expired == expired


def test_tasks_that_reach_the_same_percentage_again_make_no_progress() -> None:
    ending = Ending()
    for _ in range(4):
        ending.array(after=stands(9, percent_done=5.0))
    assert ending.history.is_too_short


def test_arrays_that_replace_single_workers_of_one_count_once() -> None:
    ending = Ending()
    ending.history.submitted("1", 3, stands(9))
    first = [element("1", WORK_S, str(task)) for task in range(3)]
    ending.look(stands(6, computing=3), first)
    for job in ("2", "3"):
        ending.history.submitted(job, 1, stands(9))
        first.pop()
        ending.look(stands(7, computing=2), [*first, element(job, 0.0)])
    ending.look(stands(7, computing=2), [element("2", WORK_S), element("3", WORK_S)])
    ending.look(stands(9), [])
    assert ending.history.expired == ["1"]


def test_an_end_that_was_asked_for_by_time_counts_as_a_limit_and_not_as_a_death() -> None:
    ending = Ending(Limits(60.0, 60.0, stop_after_s=2.0))
    for _ in range(3):
        ending.array(2.0)
    assert ending.history.is_too_short
    assert ending.history.deaths == []


def test_without_a_limit_no_array_reaches_it() -> None:
    history = History(LIMITS)
    for number in range(4):
        history.submitted(str(number), 1, stands(9))
        history.look(stands(9), [Element(str(number), "0", "RUNNING", 10**6, "None")], 0.0)
        history.look(stands(9), [], 0.0)
    assert history.expired == []


def test_looks_become_rarer_in_a_calm_and_are_never_more_frequent_than_asked() -> None:
    rests = [30.0]
    for _ in range(10):
        rests.append(next_rest_s(rests[-1], 30.0, calm=True))
    assert rests == sorted(rests)
    assert (rests[1], rests[-1]) == (45.0, 120.0)
    assert next_rest_s(rests[-1], 30.0, calm=False) == 30.0
