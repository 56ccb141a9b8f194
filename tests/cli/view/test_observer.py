"""The reader of the server: what it does with errors, with many runs and with large ones."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from taskfarm_cli.common import run_files
from taskfarm_cli.common.run_files import RunNote
from taskfarm_cli.view import observer as module
from taskfarm_cli.view import records, schedule
from taskfarm_cli.view.observer import Observer
from taskfarm_cli.view.places import RUNS_PER_PART, Place
from taskfarm_cli.view.sources import Sources
from taskfarm_sdk import (
    AuthenticationError,
    ConnectionFailed,
    RunNotFound,
    ServerError,
    UnexpectedReply,
)
from tests.support.processes import ENDLESS_S, NET_S, wait_until
from tests.support.scripted_farm import LIST, ScriptedFarm, status
from tests.support.view_tf import seen

ONE, OTHER = "a" * 32, "b" * 32
TURN_S = 0.02
Observe = Callable[[ScriptedFarm], Observer]


@pytest.fixture
def observe(monkeypatch: pytest.MonkeyPatch) -> Iterator[Observe]:
    """Start an observer whose turns are short, and end it with the test."""
    for place in (schedule, module):
        monkeypatch.setattr(place, "EVERY_S", TURN_S)
    for name in ("_OPEN_S", "_LISTED_S", "_LIST_S"):
        monkeypatch.setattr(records, name, TURN_S)
    started: list[Observer] = []

    def start(farm: ScriptedFarm) -> Observer:
        made = Observer(farm.farm, Sources(None, None))
        started.append(made)
        made.start(lambda: None)
        return made

    yield start
    for made in started:
        made.end()
    for thread in threading.enumerate():
        if thread.name == "viewTF-observer":
            thread.join(NET_S)


def wait_for(observer: Observer, place: Place, part: str, text: str) -> None:
    wait_until(lambda: text in seen((observer.parts(place) or {}).get(part, "")))


def wait_for_turns(farm: ScriptedFarm, subject: str, turns: int = 3) -> None:
    begun = farm.asked.count(subject)
    wait_until(lambda: farm.asked.count(subject) >= begun + turns)


ODD = {
    "the server's": ServerError("it failed", status=500),
    "an odd reply": UnexpectedReply("it failed"),
    "a fault of ours": ZeroDivisionError("it failed"),
}


@pytest.mark.parametrize("error", ODD.values(), ids=list(ODD))
def test_a_run_that_cannot_be_read_says_why_and_the_others_have_their_turns(
    observe: Observe, error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    farm = ScriptedFarm(ONE, OTHER)
    farm.errors[ONE] = error
    observer = observe(farm)
    with observer.watching(Place(ONE)), observer.watching(Place(OTHER)):
        wait_for(observer, Place(ONE), "outage", "This run could not be read:")
        wait_for(observer, Place(ONE), "outage", "it failed")
        wait_for_turns(farm, OTHER)
        wait_for(observer, Place(OTHER), "progress", "Of 10 tasks")
        # The server is there, for it answers about the other run.
        assert "has not answered" not in (observer.parts(Place(OTHER)) or {})["outage"]
        del farm.errors[ONE]
        wait_for(observer, Place(ONE), "progress", "Of 10 tasks")
        wait_until(lambda: (observer.parts(Place(ONE)) or {})["outage"] == "")
    is_ours = isinstance(error, ZeroDivisionError)
    assert ("unexpected ZeroDivisionError" in capsys.readouterr().err) is is_ours


@pytest.mark.parametrize("error", ODD.values(), ids=list(ODD))
def test_a_list_that_cannot_be_read_says_why_and_starves_no_run(
    observe: Observe, error: Exception
) -> None:
    farm = ScriptedFarm(ONE)
    farm.errors[LIST] = error
    observer = observe(farm)
    with observer.watching(Place()), observer.watching(Place(ONE)):
        wait_for(observer, Place(), "outage", "The list of runs could not be read:")
        wait_for_turns(farm, ONE)
        wait_for_turns(farm, LIST)
        del farm.errors[LIST]
        wait_for(observer, Place(), "runs", ONE)
        wait_until(lambda: (observer.parts(Place()) or {})["outage"] == "")


AWAY = {
    "not reached": ConnectionFailed("it is away", sent=False),
    "refused": AuthenticationError("it is away"),
    "its database": ServerError("it is away", status=500),
}


@pytest.mark.parametrize("error", AWAY.values(), ids=list(AWAY))
def test_a_server_that_answers_nobody_is_told_on_all_pages(
    observe: Observe, error: Exception
) -> None:
    farm = ScriptedFarm(ONE)
    observer = observe(farm)
    places = (Place(), Place(ONE))
    with observer.watching(places[0]), observer.watching(places[1]):
        wait_for(observer, Place(ONE), "progress", "Of 10 tasks, 0 are done")
        wait_for(observer, Place(), "runs", "0 of 10 tasks done")
        farm.errors = {ONE: error, LIST: error}
        for place in places:
            wait_for(observer, place, "outage", "The farm's server has not answered since")
            wait_for(observer, place, "outage", "it is away")
        # What was read before stays, but for the pace.
        wait_for(observer, Place(ONE), "progress", "Of 10 tasks, 0 are done")
        wait_for(observer, Place(ONE), "progress", "Rate unknown Time left unknown")
        farm.statuses[ONE] = status(done=4)
        farm.errors = {}
        wait_for(observer, Place(ONE), "progress", "Of 10 tasks, 4 are done")
        wait_until(lambda: all((observer.parts(place) or {})["outage"] == "" for place in places))


def test_a_deleted_run_is_told_and_the_others_have_their_turns(observe: Observe) -> None:
    farm = ScriptedFarm(ONE, OTHER)
    observer = observe(farm)
    with observer.watching(Place(ONE)), observer.watching(Place(OTHER)):
        wait_for(observer, Place(ONE), "progress", "Of 10 tasks")
        farm.errors[ONE] = RunNotFound("no such run")
        wait_for(observer, Place(ONE), "outage", "This run was deleted")
        wait_for(observer, Place(ONE), "progress", "Of 10 tasks")
        wait_for_turns(farm, OTHER)


@pytest.mark.parametrize("part", [0, 2, 4])
def test_of_a_hundred_runs_those_of_the_part_that_is_shown_are_read_newest_first(
    observe: Observe, part: int
) -> None:
    newest_first = [f"{number:032x}" for number in range(99, -1, -1)]
    farm = ScriptedFarm(*reversed(newest_first))
    observer = observe(farm)
    expected = newest_first[part * RUNS_PER_PART : (part + 1) * RUNS_PER_PART]
    with observer.watching(Place(part=part)):
        wait_until(lambda: set(expected) <= set(farm.asked))
        wait_for(observer, Place(part=part), "parts", f"Part {part + 1} of 5 (100 runs)")
        wait_until(lambda: _listed(observer, part) == expected)
    assert set(farm.asked) == {LIST, *expected}


def _listed(observer: Observer, part: int) -> list[str]:
    words = seen((observer.parts(Place(part=part)) or {}).get("runs", "")).split()
    return [word for word in words if len(word) == 32]


def test_a_page_counts_items_as_soon_as_a_note_tells_them(observe: Observe) -> None:
    farm = ScriptedFarm(ONE)
    farm.statuses[ONE] = status(10, done=5)
    observer = observe(farm)
    with observer.watching(Place(ONE)), observer.watching(Place()):
        wait_for(observer, Place(ONE), "throughput", "tasks were completed")
        note = RunNote(run=ONE, url="http://x/", num_tasks=10, items=95, chunk=10)
        run_files.write_note(note)
        wait_for(observer, Place(ONE), "progress", "Items about 50 of 95 done")
        wait_for(observer, Place(ONE), "throughput", "items were computed")
        wait_for(observer, Place(), "runs", "About 50 of 95 items done.")


def test_a_page_of_a_hundred_thousand_tasks_is_as_small_as_any(observe: Observe) -> None:
    farm = ScriptedFarm(ONE)
    farm.statuses[ONE] = status(100_000, done=50_000)
    observer = observe(farm)
    with observer.watching(Place(ONE)):
        wait_for(observer, Place(ONE), "progress", "Of 100,000 tasks, 50,000 are done")
        assert sum(map(len, (observer.parts(Place(ONE)) or {}).values())) < 50_000


def test_what_was_read_long_ago_is_read_at_once_when_a_page_is_opened(
    observe: Observe, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Its own turn comes after the test.
    monkeypatch.setattr(records, "_OPEN_S", ENDLESS_S)
    farm = ScriptedFarm(ONE)
    observer = observe(farm)
    with observer.watching(Place(ONE)):
        wait_for(observer, Place(ONE), "progress", "Of 10 tasks, 0 are done")
    farm.statuses[ONE] = status(done=7)
    wait_until(lambda: observer.record(ONE) is not None and _is_old(observer))
    observer.open(Place(ONE))
    wait_for(observer, Place(ONE), "progress", "Of 10 tasks, 7 are done")
    assert farm.asked == [ONE, ONE]


def _is_old(observer: Observer) -> bool:
    record = observer.record(ONE)
    assert record is not None
    return time.monotonic() - record.asked_at > 3 * TURN_S


def test_a_run_that_is_gone_is_forgotten_when_nobody_looks_at_it(observe: Observe) -> None:
    farm = ScriptedFarm(ONE, OTHER)
    observer = observe(farm)
    with observer.watching(Place(OTHER)):
        with observer.watching(Place(ONE)):
            farm.errors[ONE] = RunNotFound("there is no run")
            wait_for(observer, Place(ONE), "outage", "no run with this UUID")
            assert observer.record(ONE) is not None
        wait_until(lambda: observer.record(ONE) is None)
        wait_for_turns(farm, OTHER)
    assert observer.record(OTHER) is not None


def test_a_run_that_the_server_takes_too_long_for_starves_no_other(observe: Observe) -> None:
    farm = ScriptedFarm(ONE, OTHER)
    farm.errors[ONE] = ConnectionFailed("no answer in time", sent=True)
    observer = observe(farm)
    with observer.watching(Place(ONE)):
        wait_for(observer, Place(ONE), "outage", "no answer in time")
        with observer.watching(Place(OTHER)):
            wait_for(observer, Place(OTHER), "progress", "Of 10 tasks, 0 are done")
            wait_for_turns(farm, OTHER)
            wait_for_turns(farm, ONE)


def test_of_too_many_runs_those_that_nobody_looks_at_are_forgotten(
    observe: Observe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_RECORDS", 2)
    uuids = [f"{number:032x}" for number in range(5)]
    farm = ScriptedFarm(*uuids)
    observer = observe(farm)
    with observer.watching(Place(uuids[0])):
        for uuid in uuids[1:]:
            with observer.watching(Place(uuid)):
                wait_for(observer, Place(uuid), "progress", "Of 10 tasks")
        wait_until(lambda: sum(observer.record(uuid) is not None for uuid in uuids) == 2)
        assert observer.record(uuids[0]) is not None


def test_what_ends_a_thread_elsewhere_does_not_end_the_reading(
    observe: Observe, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # As a class of the user's, in a results folder, may do.
    ends = iter([SystemExit(3)])

    def look(*_: object) -> None:
        for end in ends:
            raise end

    monkeypatch.setattr(Sources, "look", look)
    farm = ScriptedFarm(ONE)
    observer = observe(farm)
    with observer.watching(Place(ONE)):
        wait_for(observer, Place(ONE), "progress", "Of 10 tasks")
    assert "unexpected SystemExit: 3" in capsys.readouterr().err
