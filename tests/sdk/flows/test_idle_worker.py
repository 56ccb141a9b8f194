"""A worker that waits with nothing to do: how long, and what it says."""

from __future__ import annotations

import logging

import pytest

from taskfarm_sdk import Farm, Run, Task
from taskfarm_sdk._flows import idle_notice, recovery
from taskfarm_sdk._sansio.retry import DICE
from taskfarm_sdk.worker import core_of
from tests.support import programs
from tests.support.clock import FastClock
from tests.support.fault_proxy import FaultProxy
from tests.support.inside import held
from tests.support.killed import computed

pytestmark = [
    pytest.mark.live,
    pytest.mark.usefixtures("no_first_beats"),
]
LONGEST_S = 130.0


def lost_elsewhere(run: Run, count: int = 1) -> list[Task]:
    """Tasks of a worker of another host, that it never writes of."""
    worker = run.worker(report_every_s=1e6, first_beat_s=1e6)
    tasks = [worker.claim() for _ in range(count)]
    core_of(worker).reporter.close()
    return [task for task in tasks if task is not None]


def notices(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        text for record in caplog.records if "waits: staying for" in (text := record.getMessage())
    ]


def test_where_all_send_heartbeats_nobody_waits_long_for_one_that_sent_none(
    proxied_farm: Farm, clock: FastClock
) -> None:
    run = proxied_farm.create_run(3)
    gone = lost_elsewhere(run, 2)
    began = clock.now()
    worker = run.worker(linger=True, unleased_after_s="stale_after_s")
    assert sorted(computed(worker)) == [(0, 1), (1, 1), (2, 0)]
    assert 120 <= clock.now() - began <= LONGEST_S
    assert len(gone) == 2


@pytest.mark.parametrize("seen", ["in a task that is computed", "in a task that is handed out"])
def test_once_another_clients_number_was_seen_it_is_waited_for_as_ever(
    proxied_farm: Farm, clock: FastClock, token: str, seen: str
) -> None:
    import httpx

    run = proxied_farm.create_run(3)
    tasks = lost_elsewhere(run, 2)
    change: dict[str, object] = {"percentCompleted": 37.5}
    if seen == "in a task that is handed out":
        change["status"] = "waiting"
    with httpx.Client(base_url=proxied_farm.url, auth=(token, "")) as bare:
        bare.put(f"runs/{run.uuid}/tasks/1", json=change).raise_for_status()
    began = clock.now()
    with run.worker(linger=True, unleased_after_s="stale_after_s") as worker:
        for task in worker:
            clock.advance(40)
            task.complete()
    # Ten times the longest task.
    assert clock.now() - began >= 400
    assert run.status().succeeded
    assert len(tasks) == 2


@pytest.mark.parametrize("spread_s", [0.0, 5.0])
def test_who_waits_says_after_five_seconds_for_what_until_when_and_what_helps(
    proxied_farm: Farm, clock: FastClock, caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch, spread_s: float,
) -> None:  # fmt: skip
    monkeypatch.setattr(DICE, "uniform", lambda *_: spread_s)
    run = proxied_farm.create_run(3)
    gone = lost_elsewhere(run, 3)
    began = clock.now()
    said_at: list[float] = []
    say = logging.Handler()
    say.emit = lambda record: (  # type: ignore[method-assign]
        said_at.append(clock.now()) if "waits: staying for" in record.getMessage() else None
    )
    logging.getLogger("taskfarm_sdk").addHandler(say)
    try:
        assert len(list(computed(run.worker(linger=True, unleased_after_s=200)))) == 3
    finally:
        logging.getLogger("taskfarm_sdk").removeHandler(say)
    (text,) = notices(caplog)
    assert said_at == [began + 5]
    assert "tasks 0, 1, 2" in text
    assert f"in {195 + spread_s:.0f} s" in text
    assert f"manageTF --reset {run.uuid}" in text
    assert len(gone) == 3


def test_it_is_said_again_when_it_has_changed_but_not_within_a_minute(
    proxied_farm: Farm, clock: FastClock, caplog: pytest.LogCaptureFixture
) -> None:
    run = proxied_farm.create_run(4)
    tasks = lost_elsewhere(run, 4)
    began = clock.now()

    def finish_one(_: float) -> None:
        if tasks and clock.now() - began > 10 * (5 - len(tasks)):
            tasks.pop().complete()

    clock.in_a_wait = finish_one
    assert list(computed(run.worker(linger=True, unleased_after_s=1000))) == []
    texts = notices(caplog)
    assert "tasks 0, 1, 2, 3" in texts[0]
    assert len(texts) == 1, "all were done within the minute"


def test_what_changes_after_a_minute_is_said(
    proxied_farm: Farm, clock: FastClock, caplog: pytest.LogCaptureFixture
) -> None:
    run = proxied_farm.create_run(2)
    first, second = lost_elsewhere(run, 2)
    began = clock.now()

    def finish_one(_: float) -> None:
        for task, after_s in ((second, 30), (first, 400)):
            if not task.settled and clock.now() - began > after_s:
                task.complete()

    clock.in_a_wait = finish_one
    assert list(computed(run.worker(linger=True, unleased_after_s=1000))) == []
    texts = notices(caplog)
    assert ["tasks 0, 1" in text for text in texts] == [True, False]
    assert "task 0," in texts[1]


def test_who_has_a_task_of_its_own_does_not_wait(
    proxied_farm: Farm, clock: FastClock, caplog: pytest.LogCaptureFixture
) -> None:
    run = proxied_farm.create_run(2)
    (other,) = lost_elsewhere(run)
    worker = run.worker(linger=True, report_every_s=1e6, first_beat_s=1e6)
    own = worker.claim()
    assert own is not None

    def finish(_: float) -> None:
        if clock.now() > 1100 and not other.settled:
            other.complete()
            own.complete()

    clock.in_a_wait = finish
    assert worker.claim() is None
    worker.close()
    assert notices(caplog) == []


def test_a_beat_puts_off_the_time_when_a_task_is_taken_over(
    proxied_farm: Farm, clock: FastClock, proxy: FaultProxy
) -> None:
    run = proxied_farm.create_run(1)
    (task,) = lost_elsewhere(run)
    beats = [1050.0, 1100.0]

    def beat(_: float) -> None:
        while beats and clock.now() >= beats[0]:
            beats.pop(0)
            held(task).beat()

    held(task)._heartbeat.has_news()
    clock.in_a_wait = beat
    assert list(computed(run.worker(linger=True))) == [(0, 1)]
    assert 1220 <= clock.now() <= 1240


def test_the_figures_of_the_help_are_those_of_the_code() -> None:
    assert (idle_notice.SAY_AFTER_S, idle_notice.SAY_AGAIN_AFTER_S) == (5, 60)
    assert (recovery.UNLEASED_AT_FIRST_S, recovery.UNLEASED_FACTOR) == (1200, 10)


@pytest.mark.parametrize(
    ("setup", "lines"),
    [
        ("", 1),
        ("logging.basicConfig()", 1),
        ("logging.getLogger('taskfarm_sdk').addHandler(logging.StreamHandler())", 1),
        ("logging.getLogger('taskfarm_sdk').setLevel('ERROR')", 0),
        ("logging.disable()", 0),
    ],
)
def test_a_program_without_logging_shows_it_too_and_none_shows_it_twice(
    setup: str, lines: int
) -> None:
    say = "from taskfarm_sdk._logging import warn_aloud; warn_aloud('100 % odd')"
    code = f"import logging; {setup or 'pass'}\n{say}"
    done = programs.run("-c", code, told={})
    assert done.stderr.count("100 % odd\n") == lines
    assert len(done.stderr.splitlines()) == lines
