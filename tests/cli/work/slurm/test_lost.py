"""Under --keep, workTF itself looks after tasks whose worker was lost."""

from __future__ import annotations

import threading

import pytest

from taskfarm_cli.work.slurm.lost import ENDS_WITHIN_S, Lost
from taskfarm_sdk import Run, Worker
from tests.cli.work.conftest import RunOf
from tests.support.processes import wait_until

pytestmark = pytest.mark.live


def looker(run: Run) -> Worker:
    """A worker that takes silent tasks for lost soon."""
    return run.worker(
        linger=True, heartbeat_s=0.5, first_beat_s=0.5, stale_after_s=1.5, unleased_after_s=1.5
    )


def test_a_lost_task_waits_for_the_next_worker(run_of: RunOf) -> None:
    run = run_of(2)
    lost = Lost(lambda: looker(run))
    # One that says nothing for half a minute is as good as lost to the looker.
    with run.worker(first_beat_s=30) as silent:
        held = [silent.claim(), silent.claim()]
        assert None not in held
        lost.look_after()
        try:
            wait_until(lambda: run.status().waiting >= 1)
        finally:
            lost.close()
        waiting = [info for info in run.task_infos() if info.state == "waiting"]
        assert {info.attempts for info in waiting} == {1}, "a lost attempt counts"


def test_looking_again_while_it_looks_begins_nothing_new(run_of: RunOf) -> None:
    run = run_of(1)
    with run.worker() as other:
        assert other.claim() is not None
        lost = Lost(lambda: looker(run))
        for _ in range(3):
            lost.look_after()
        assert [t.name for t in threading.enumerate()].count("taskfarm-lost") == 1
        lost.close()


def test_it_ends_when_it_is_to(run_of: RunOf) -> None:
    run = run_of(1)
    with run.worker() as other:
        assert other.claim() is not None
        lost = Lost(lambda: run.worker(linger=True))
        lost.look_after()
        lost.close()
        assert "taskfarm-lost" not in [t.name for t in threading.enumerate()], ENDS_WITHIN_S


def test_what_was_never_begun_can_be_closed(run_of: RunOf) -> None:
    Lost(lambda: looker(run_of(1))).close()
