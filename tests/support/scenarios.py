"""Scenarios of runs with faults in them, to play on any server: tests/scenarios plays them."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import httpx

from taskfarm_sdk import Farm, Run
from taskfarm_sdk._flows.recovery import LEAST_LOOKS
from taskfarm_sdk._protocol import lease as leases
from taskfarm_sdk.testing import LocalServer
from tests.support.chaos import ChaosProxy, Watched
from tests.support.fleet import WORKERS, Fleet, fleet, run_of
from tests.support.peers import THEIRS, output, start
from tests.support.postgresql import Mortal
from tests.support.processes import ENDLESS_S, NET_S, wait_until

THEIR_WORKER = """
import sys, time
from pathlib import Path
from taskfarm_worker import TaskFarmWorker
url, token, run, over = sys.argv[1:]
worker = TaskFarmWorker(token, "", run, url_base=url)
for task in worker.tasks:
    print(task, flush=True)
    while not Path(over).exists():
        time.sleep(0.02)
    worker.update(100)
    worker.done()
"""


def check_all_done(run: Run, workers: Fleet) -> None:
    """See that each task was computed, and that its end is as its worker left it."""
    status = run.wait(timeout_s=NET_S, check=True)
    assert status.percent_done == 100
    assert status.rows == run.num_tasks
    assert sorted(workers.computed()) == list(range(run.num_tasks))
    assert "AuthenticationError" not in workers.read_errors()


def kill_the_server_in_mid_run(server: LocalServer, num_tasks: int, task_s: float) -> None:
    """Kill the server five times while a run is worked off: it costs no worker and no task."""
    kills = 5
    with (
        run_of(server, num_tasks) as (_, run, token),
        fleet(run, token, task_s, rest_s=0.3, backoff_most_s=1) as workers,
    ):
        for kill in range(1, kills + 1):
            workers.wait_until_begun(kill * num_tasks // (kills + 2))
            server.kill()
            server.start()
        workers.wait_for_success()
        check_all_done(run, workers)
        # At most what was in flight at a kill is computed twice.
        assert workers.computed().total() - num_tasks <= kills * WORKERS


def kill_three_of_four_workers(server: LocalServer) -> None:
    """Kill workers in long and short tasks: the one that is left finishes the run."""
    chance, num_tasks, task_s, long_s = random.Random(1), 40, 0.2, 3.0
    with (
        run_of(server, num_tasks) as (_, run, token),
        fleet(run, token, task_s, long_every=15, long_s=long_s, rest_s=0.3) as workers,
    ):
        wait_until(lambda: workers.find_processes(0))
        time.sleep(chance.uniform(0, long_s / 2))
        victims = workers.find_processes(0)
        victims += [one for one in workers.processes if one not in victims][: WORKERS - 2]
        for victim in victims:
            victim.kill()
            time.sleep(chance.uniform(0, 3 * task_s))
        (survivor,) = set(workers.processes) - set(victims)
        wait_until(lambda: survivor.poll() is not None)
        assert survivor.returncode == 0, workers.read_errors()
        check_all_done(run, workers)
        assert workers.computed().total() - num_tasks <= WORKERS - 1


def disturb_the_network(server: LocalServer, num_tasks: int) -> None:
    """Let a third of all requests go wrong: no task is lost, none is reopened."""
    with (
        ChaosProxy(server.url, seed=1) as chaos,
        run_of(server, num_tasks) as (_, run, token),
        Farm(chaos.url, token=token, timeout_s=1) as farm,
        # A hand-out that is lost counts as an attempt: with three, some task in 2000 would fail.
        fleet(
            farm.get_run(run.uuid), token, 0.01,
            timeout_s=1, max_attempts=9, rest_s=0.3, backoff_most_s=1,
        ) as workers,
    ):  # fmt: skip
        workers.wait_for_success(300)
        check_all_done(run, workers)
        assert chaos.reopened() == []
        went_well = sum(one.ended > 0 for one in chaos.passed)
        assert 0.5 < went_well / len(chaos.seen) < 0.8


def kill_the_only_worker(server: LocalServer) -> None:
    """Kill the only worker of a run twice: the next one on this host goes on at once.

    All other ways to take its tasks over are an hour away.
    """
    never = {"stale_after_s": ENDLESS_S, "unleased_after_s": ENDLESS_S, "linger": True}
    with run_of(server, 30) as (_, run, token):
        for first_beat_s in (0.05, 30.0):
            with fleet(
                run, token, ENDLESS_S, workers=1, first_beat_s=first_beat_s, **never
            ) as workers:
                workers.wait_until_begun(1)
                (process,) = workers.processes
                process.kill()
                process.wait()
        assert run.status().computing >= 1
        with fleet(run, token, 0.02, workers=2, first_beat_s=1.0, **never) as workers:
            workers.wait_for_success()
            check_all_done(run, workers)
            assert "held by a worker killed here" in workers.read_errors()


def ask_eight_workers_to_end(server: LocalServer) -> None:
    """Send SIGTERM to workers in mid-task: their tasks wait again, and count no attempt.

    Whatever else they may wait for at that moment, a beat, a report, the task itself, is an hour
    away: that they end shows that they wait for none of it.
    """
    count = 8
    with run_of(server, count) as (_, run, token):
        with run.worker() as worker:
            for task in [worker.claim() for _ in range(count)]:
                assert task is not None
                task.fail("so that there is a count to keep")
        with fleet(
            run, token, ENDLESS_S, workers=count,
            report_every_s=ENDLESS_S, first_beat_s=ENDLESS_S,
            stale_after_s=ENDLESS_S, unleased_after_s=ENDLESS_S,
        ) as workers:  # fmt: skip
            workers.wait_until_begun(count)
            assert run.status().computing == count
            for process in workers.processes:
                process.terminate()
            assert workers.wait() == [143] * count
        assert (run.status().waiting, run.status().computing) == (count, 0)
        assert {info.attempts for info in run.task_infos()} == {1}


def stop_a_server_process(server: LocalServer, pid: int, folder: Path) -> None:
    """Stop a process of the server for a while: what it does late spoils no finished task."""
    over = folder / "over"
    # Enough tasks to go on for a while after the process does: who has left can mend nothing.
    num_tasks = 160
    with (
        run_of(server, num_tasks) as (farm, run, token),
        fleet(
            run, token, 0.2, until=str(over), updates=6,
            report_every_s=0.02, timeout_s=1, unleased_after_s=4, rest_s=0.3, backoff_most_s=1,
        ) as workers,
    ):  # fmt: skip
        for least in (10, 40):
            workers.wait_until_begun(least)
            os.kill(pid, signal.SIGSTOP)
            try:
                time.sleep(2)  # what is on its way times out, and is done when the process goes on
            finally:
                os.kill(pid, signal.SIGCONT)
            assert run.status().waiting > WORKERS
        workers.wait_until_begun(80)
        over.touch()
        workers.wait_for_success()
        check_all_done(run, workers)
        with httpx.Client(base_url=farm.url, auth=(token, "")) as bare:
            rows = [bare.get(f"runs/{run.uuid}/tasks/{n}").json() for n in range(num_tasks)]
        assert {(row["status"], row["percentCompleted"]) for row in rows} == {("done", 100.0)}


def stop_a_worker_until_its_task_is_taken(
    server: LocalServer, folder: Path, *, finishes: bool
) -> None:
    """Stop a worker until its task was taken over: woken up, it lets go of it."""
    over = folder / "over"
    with (
        Watched(server.url) as watched,
        run_of(server, 1) as (_, run, token),
        Farm(watched.url, token=token) as farm,
        fleet(
            farm.get_run(run.uuid), token, ENDLESS_S, workers=2, until=str(over), max_attempts=9,
            rest_s=0.3, heartbeat_s=0.3, stale_after_s=4, unleased_after_s=4,
        ) as workers,
    ):  # fmt: skip
        workers.wait_until_begun(1)
        (sleeper,) = workers.find_processes(0)
        (taker,) = set(workers.processes) - {sleeper}
        wait_until(lambda: _beats(watched))
        sleeper.send_signal(signal.SIGSTOP)
        try:
            workers.wait_until_begun(2)
            wait_until(lambda: _taken_by(watched) is not None)
        finally:
            sleeper.send_signal(signal.SIGCONT)
        taken_by, taken_at = _taken_by(watched), len(watched.passed)
        wait_until(lambda: "was taken over" in workers.read_errors())
        if finishes:
            over.touch()
            assert sleeper.wait(NET_S) == 0, workers.read_errors()
        else:
            sleeper.terminate()
            assert sleeper.wait(NET_S) == 143, workers.read_errors()
            info = run.task_info(0)
            assert (info.state, info.attempts) == ("computing", 1)
            over.touch()
        assert taker.wait(NET_S) == 0, workers.read_errors()
        check_all_done(run, workers)
        since = [one for one in watched.passed[taken_at:] if one.seen.method == "PUT"]
        assert {one.status for one in since} <= {None, "done"}
        assert {_holder_of(one.seen.body) for one in since} <= {taken_by, None}
        assert watched.reopened() == []


def mix_a_fleet(server: LocalServer, folder: Path) -> None:
    """Let taskfarm-worker's work on longer tasks than ours: they are waited for, not taken."""
    over = folder / "over"
    stale_after_s = 1.5
    with (
        run_of(server, 5) as (_, run, token),
        Watched(server.url) as watched,
        Farm(watched.url, token=token) as farm,
    ):
        words = ("-c", THEIR_WORKER, server.url, token, run.uuid, over)
        theirs = [start(THEIRS, *words) for _ in range(2)]
        try:
            wait_until(lambda: run.status().computing == 2)
            with fleet(
                farm.get_run(run.uuid), token, 0.05, workers=2, rest_s=0.2,
                stale_after_s=stale_after_s, unleased_after_s="auto", unleased_factor=10_000,
            ) as workers:  # fmt: skip
                # For as long as if it were one of ours that has died, and longer.
                wait_until(lambda: run.status().done == 3 and _was_watched(watched, LEAST_LOOKS))
                watched.forget()
                time.sleep(2 * stale_after_s)
                wait_until(lambda: _was_watched(watched, LEAST_LOOKS))
                over.touch()
                workers.wait_for_success()
                computed_by_them = [int(line) for one in theirs for line in output(one).split()]
                assert len(computed_by_them) == 2
                computed = workers.computed()
                computed.update(computed_by_them)
                assert sorted(computed.elements()) == list(range(5))
                assert "no sign of life" not in workers.read_errors()
        finally:
            for one in theirs:
                one.kill()
                one.wait()
        assert run.wait(check=True).percent_done == 100


def take_the_database_away(server: LocalServer, database: Mortal) -> None:
    """Stop the database until the workers have tried again for long: it costs none of them."""
    with (
        run_of(server, 200) as (_, run, token),
        Watched(server.url) as watched,
        Farm(watched.url, token=token) as farm,
        fleet(
            farm.get_run(run.uuid), token, 0.1, updates=3, backoff_most_s=2, timeout_s=30
        ) as workers,
    ):
        workers.wait_until_begun(50)
        database.stop()
        failed = len(watched.failed)
        # Eight times each: by then they wait for as long as they ever do between two tries.
        wait_until(lambda: len(watched.failed) - failed >= 8 * WORKERS)
        assert [one.poll() for one in workers.processes] == [None] * 4, workers.read_errors()
        database.start()
        workers.wait_for_success()
        check_all_done(run, workers)
        assert "is back after" in workers.read_errors()


def _was_watched(watched: Watched, times: int) -> bool:
    """Return whether the workers of a mixed fleet have looked so often at each task of the others.

    The first two tasks are theirs.
    """
    return all(watched.count(rf"^GET .*/tasks/{number}$") >= 2 * times for number in range(2))


def _beats(watched: Watched) -> bool:
    """Return whether a task was written of that is computed still."""
    return any(one.seen.method == "PUT" and one.status is None for one in list(watched.passed))


def _taken_by(watched: Watched) -> int | None:
    """Return who beats for a task since it was taken from another."""
    writes = [one for one in list(watched.passed) if one.seen.method == "PUT"]
    while writes and writes[0].status != "waiting":
        writes.pop(0)
    beats = [one for one in writes if one.status is None]
    return _holder_of(beats[-1].seen.body) if beats else None


def _holder_of(body: object) -> int | None:
    assert isinstance(body, dict)
    lease = leases.decode(body["percentCompleted"])
    return None if lease is None else lease.holder
