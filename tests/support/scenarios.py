"""What happens to runs in earnest, on any server: tests/live and tests/engines show it."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import httpx

from taskfarm_sdk import Farm, Run, _lease
from taskfarm_sdk.testing import LocalServer
from tests.programs.fleet_worker import STALE_AFTER_S
from tests.support.chaos import ChaosProxy, Watched
from tests.support.fleet import WORKERS, Fleet, fleet, run_of
from tests.support.peers import THEIRS, output, start
from tests.support.processes import wait_until

# What looking after others adds: its late start, four looks a second apart, a busy machine.
LOOKING_S = 15.0

THEIR_WORKER = """
import sys, time
from taskfarm_worker import TaskFarmWorker
url, token, run, task_s = sys.argv[1:]
worker = TaskFarmWorker(token, "", run, url_base=url)
for task in worker.tasks:
    print(task, flush=True)
    time.sleep(float(task_s))
    worker.update(100)
    worker.done()
"""


def all_done(run: Run, workers: Fleet) -> None:
    """See that each task was computed, and that its end is as its worker left it."""
    status = run.wait(timeout_s=60, check=True)
    assert status.percent_done == 100
    assert status.rows == run.num_tasks
    assert sorted(workers.computed()) == list(range(run.num_tasks))
    assert "AuthenticationError" not in workers.said()


def a_server_is_killed(server: LocalServer, num_tasks: int, task_s: float) -> None:
    """Kill the server five times while a run is worked off: it costs no worker and no task."""
    kills = 5
    with run_of(server, num_tasks) as (_, run, token), fleet(run, token, task_s) as workers:
        for kill in range(1, kills + 1):
            workers.have_computed(kill * num_tasks // (kills + 2))
            server.kill()
            server.start()
        assert workers.all_ended_well(), workers.said()
        all_done(run, workers)
        # At most what was in flight at a kill is computed twice.
        assert workers.computed().total() - num_tasks <= kills * WORKERS


def three_of_four_workers_are_killed(server: LocalServer, long_s: float) -> None:
    """Kill workers in long and short tasks: the one that is left finishes the run, and in time."""
    chance, num_tasks, task_s = random.Random(1), 40, 0.2
    with (
        run_of(server, num_tasks) as (_, run, token),
        fleet(run, token, task_s, long_every=15, long_s=long_s) as workers,
    ):
        wait_until(lambda: workers.who_began(0))
        time.sleep(chance.uniform(0, long_s / 2))
        victims = workers.who_began(0)
        victims += [one for one in workers.processes if one not in victims][: WORKERS - 2]
        for victim in victims:
            victim.kill()
            time.sleep(chance.uniform(0, 3 * task_s))
        (survivor,) = set(workers.processes) - set(victims)
        killed_at = time.monotonic()
        work_s = sum(
            long_s if info.number % 15 == 0 else task_s
            for info in run.task_infos()
            if info.state != "done"
        )
        wait_until(lambda: survivor.poll() is not None, 180)
        assert survivor.returncode == 0, workers.said()
        assert time.monotonic() - killed_at < STALE_AFTER_S + work_s + LOOKING_S
        all_done(run, workers)
        assert workers.computed().total() - num_tasks <= WORKERS - 1


def the_network_is_chaos(server: LocalServer, num_tasks: int) -> None:
    """Let a third of all requests go wrong: no task is lost, none is reopened."""
    with (
        ChaosProxy(server.url, seed=1) as chaos,
        run_of(server, num_tasks) as (_, run, token),
        Farm(chaos.url, token=token, timeout_s=1) as farm,
        # A hand-out that is lost counts as an attempt: with three, some task in 2000 would fail.
        fleet(farm.get_run(run.uuid), token, 0.01, timeout_s=0.5, max_attempts=9) as workers,
    ):
        assert workers.all_ended_well(300), workers.said()
        all_done(run, workers)
        assert chaos.reopened() == []
        went_well = sum(one.ended > 0 for one in chaos.passed)
        assert 0.5 < went_well / len(chaos.seen) < 0.8


def eight_workers_are_asked_to_end(server: LocalServer) -> None:
    """Send SIGTERM to workers in mid-task: their tasks wait again in 2 s, and count no attempt."""
    count = 8
    with run_of(server, count) as (_, run, token):
        with run.worker() as worker:
            for task in [worker.claim() for _ in range(count)]:
                assert task is not None
                task.fail("so that there is a count to keep")
        with fleet(run, token, 60, workers=count) as workers:
            wait_until(lambda: run.status().computing == count, 60)
            workers.have_computed(count)
            began_at = time.monotonic()
            for process in workers.processes:
                process.terminate()
            wait_until(lambda: run.status().computing == 0)
            assert time.monotonic() - began_at < 2
            assert [process.wait(20) for process in workers.processes] == [143] * count
        assert run.status().waiting == count
        assert {info.attempts for info in run.task_infos()} == {1}


def a_server_process_stands_still(server: LocalServer, pid: int) -> None:
    """Stop a process of the server for a while: what it does late spoils no finished task."""
    # Enough tasks to go on for a while after the process does: who has left can mend nothing.
    num_tasks = 120
    with (
        run_of(server, num_tasks) as (farm, run, token),
        fleet(
            run, token, 0.3, updates=20, report_every_s=0.02, timeout_s=1, unleased_after_s=4
        ) as workers,
    ):
        for least in (10, 40):
            workers.have_computed(least)
            os.kill(pid, signal.SIGSTOP)
            try:
                time.sleep(3)  # what is on its way times out, and is done when the process goes on
            finally:
                os.kill(pid, signal.SIGCONT)
            assert run.status().waiting > WORKERS
        assert workers.all_ended_well(), workers.said()
        all_done(run, workers)
        with httpx.Client(base_url=farm.url, auth=(token, "")) as bare:
            rows = [bare.get(f"runs/{run.uuid}/tasks/{n}").json() for n in range(num_tasks)]
        assert {(row["status"], row["percentCompleted"]) for row in rows} == {("done", 100.0)}


def a_worker_stands_still_until_its_task_is_taken(
    server: LocalServer, folder: Path, *, finishes: bool
) -> None:
    """Stop a worker until its task was taken over: woken up, it lets go of it."""
    over = folder / "over"
    with (
        Watched(server.url) as watched,
        run_of(server, 1) as (_, run, token),
        Farm(watched.url, token=token) as farm,
        fleet(
            farm.get_run(run.uuid), token, 120, workers=2, until=str(over), max_attempts=9
        ) as workers,
    ):
        workers.have_computed(1)
        (sleeper,) = workers.who_began(0)
        (taker,) = set(workers.processes) - {sleeper}
        wait_until(lambda: watched.passed[-1].status is None)  # a beat
        sleeper.send_signal(signal.SIGSTOP)
        try:
            workers.have_computed(2)
            wait_until(lambda: _taken_by(watched) is not None)
        finally:
            sleeper.send_signal(signal.SIGCONT)
        taken_by, taken_at = _taken_by(watched), len(watched.passed)
        wait_until(lambda: "was taken over" in workers.said())
        if finishes:
            over.touch()
            assert sleeper.wait(60) == 0, workers.said()
        else:
            sleeper.terminate()
            assert sleeper.wait(60) == 143, workers.said()
            info = run.task_info(0)
            assert (info.state, info.attempts) == ("computing", 1)
            over.touch()
        assert taker.wait(60) == 0, workers.said()
        all_done(run, workers)
        since = [one for one in watched.passed[taken_at:] if one.seen.method == "PUT"]
        assert {one.status for one in since} <= {None, "done"}
        assert {_holder_of(one.seen.body) for one in since} <= {taken_by, None}
        assert watched.reopened() == []


def a_fleet_is_mixed(server: LocalServer) -> None:
    """Let taskfarm-worker's work on longer tasks than ours: they are waited for, not taken."""
    their_s, ours_s = 14.0, 1.5
    with run_of(server, 5) as (_, run, token):
        words = ["-c", THEIR_WORKER, server.url, token, run.uuid, str(their_s)]
        theirs = [start(THEIRS, *words) for _ in range(2)]
        try:
            wait_until(lambda: run.status().computing == 2)
            with fleet(run, token, ours_s, workers=2, unleased_after_s="auto") as workers:
                assert workers.all_ended_well(), workers.said()
                computed_by_them = [int(line) for one in theirs for line in output(one).split()]
                assert len(computed_by_them) == 2
                computed = workers.computed()
                computed.update(computed_by_them)
                assert sorted(computed.elements()) == list(range(5))
                assert "no sign of life" not in workers.said()
        finally:
            for one in theirs:
                one.kill()
                one.wait()
        assert run.wait(check=True).percent_done == 100


def _taken_by(watched: Watched) -> int | None:
    """Return who beats for a task since it was taken from another."""
    writes = [one for one in list(watched.passed) if one.seen.method == "PUT"]
    while writes and writes[0].status != "waiting":
        writes.pop(0)
    beats = [one for one in writes if one.status is None]
    return _holder_of(beats[-1].seen.body) if beats else None


def _holder_of(body: object) -> int | None:
    assert isinstance(body, dict)
    lease = _lease.decode(body["percentCompleted"])
    return None if lease is None else lease.holder
