"""Tasks whose worker was lost: under --keep, workTF itself looks after them."""

from __future__ import annotations

import threading

import pytest

from taskfarm_cli.work.slurm import recovery as module
from taskfarm_cli.work.slurm.recovery import TaskRecovery
from taskfarm_sdk import Run, Worker
from taskfarm_sdk._flows import recovery
from tests.support.processes import NET_S, wait_until
from tests.support.work_tf import NewRun

pytestmark = pytest.mark.live


@pytest.fixture(autouse=True)
def _patient_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for the end of the thread however long a busy machine takes."""
    monkeypatch.setattr(module, "ENDS_WITHIN_S", NET_S)


def looker(run: Run) -> Worker:
    """A worker that takes silent tasks for lost soon."""
    return run.worker(
        linger=True, heartbeat_s=0.1, first_beat_s=0.1, stale_after_s=0.5, unleased_after_s=0.5
    )


def test_a_lost_task_waits_for_the_next_worker(
    new_run: NewRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "START_SPREAD_S", 0.0)
    monkeypatch.setattr(recovery, "MOST_REST_S", 0.1)
    monkeypatch.setattr(recovery, "LEAST_REST_S", 0.1)
    run = new_run(2)
    lost = TaskRecovery(lambda: looker(run))
    # One that says nothing is as good as lost to the looker.
    with run.worker(first_beat_s=30) as silent:
        held = [silent.claim(), silent.claim()]
        assert None not in held
        lost.look_after()
        try:
            wait_until(lambda: run.status().waiting >= 1, NET_S)
        finally:
            lost.close()
        waiting = [info for info in run.task_infos() if info.state == "waiting"]
        assert {info.attempts for info in waiting} == {1}, "a lost attempt counts"


def test_looking_again_while_it_looks_begins_nothing_new(new_run: NewRun) -> None:
    run = new_run(1)
    with run.worker() as other:
        assert other.claim() is not None
        lost = TaskRecovery(lambda: looker(run))
        for _ in range(3):
            lost.look_after()
        assert [t.name for t in threading.enumerate()].count("taskfarm-lost") == 1
        lost.close()


def test_it_ends_when_it_is_to(new_run: NewRun, monkeypatch: pytest.MonkeyPatch) -> None:
    # It rests for hours before its first look, unless that is interrupted.
    monkeypatch.setattr(recovery, "START_SPREAD_S", 1e6)
    run = new_run(1)
    with run.worker() as other:
        assert other.claim() is not None
        lost = TaskRecovery(lambda: run.worker(linger=True))
        lost.look_after()
        lost.close()
        assert "taskfarm-lost" not in [t.name for t in threading.enumerate()]


def test_what_was_never_begun_can_be_closed(new_run: NewRun) -> None:
    TaskRecovery(lambda: looker(new_run(1))).close()
