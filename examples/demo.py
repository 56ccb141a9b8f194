"""`make demo`: the whole way on one machine, with the real server, and nothing left behind.

It starts the server on an embedded database, creates a run of 200 tasks with manageTF, works it
off with 4 worker processes while `manageTF --watch` shows how it goes, and puts the tasks'
results together: an estimate of pi from random points.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from taskfarm_sdk import Farm, Run, Task, logins
from taskfarm_sdk.testing import LocalServer

NUM_TASKS = 200
NUM_WORKERS = 4
POINTS_A_STEP = 40_000
STEPS = 5
MANAGE = Path(sys.executable).with_name("manageTF")


def main() -> int:
    """Run the demo; returns the exit status of the run that it watched."""
    with tempfile.TemporaryDirectory(prefix="taskfarm-demo-") as folder:
        os.environ["TASKFARM_CONFIG"] = folder
        say("Starting a taskfarm server on an embedded database …")
        with LocalServer() as server, server.farm() as farm:
            # What `manageTF --login` does, without a person to ask for the password.
            logins.save_login(server.url, server.user, farm.login())
            return demonstrate(farm, Path(folder))


def demonstrate(farm: Farm, folder: Path) -> int:
    """Create a run, work it off in view of the user, and show what came of it."""
    uuid = manage("--create", str(NUM_TASKS), capture=True).stdout.strip()
    say(uuid)
    run = farm.get_run(uuid)
    say(f"\nWorking it off with {NUM_WORKERS} worker processes …")
    begin_s = time.monotonic()
    workers = start_workers(run, folder)
    try:
        watched = manage("--watch", uuid)
        took_s = time.monotonic() - begin_s
        for worker in workers:
            worker.join()
    finally:
        for worker in workers:
            worker.terminate()
    manage("--info", uuid)
    shares = [share for file in folder.glob("pi-*.json") for share in json.loads(file.read_text())]
    say(
        f"\n{len(shares)} tasks in {took_s:.1f} s with {NUM_WORKERS} workers: "
        f"{len(shares) / took_s:.1f} tasks/s; pi is about {4 * sum(shares) / len(shares):.4f}."
    )
    return watched.returncode


def start_workers(run: Run, folder: Path) -> list[multiprocessing.process.BaseProcess]:
    """Start the workers; the run travels to them with its farm's token."""
    context = multiprocessing.get_context("spawn")
    workers: list[multiprocessing.process.BaseProcess] = [
        context.Process(target=work, args=(run, folder / f"pi-{number}.json"))
        for number in range(NUM_WORKERS)
    ]
    for worker in workers:
        worker.start()
    return workers


def work(run: Run, results: Path) -> None:
    """Take tasks until none is left; what a worker of one's own looks like."""
    # Ctrl-C reaches the whole terminal: the parent ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    shares: list[float] = []
    with run.worker() as worker:
        for task in worker:
            with task:
                shares.append(share_in_circle(task))
    results.write_text(json.dumps(shares))


def share_in_circle(task: Task) -> float:
    """Return which share of random points of the unit square is in the quarter circle."""
    points = random.Random(task.number)
    inside = 0
    for step in range(STEPS):
        for _ in range(POINTS_A_STEP):
            inside += points.random() ** 2 + points.random() ** 2 <= 1
        task.update(100 * (step + 1) / STEPS)
    return inside / (STEPS * POINTS_A_STEP)


def manage(*arguments: str, capture: bool = False) -> subprocess.CompletedProcess[str]:
    """Show a manageTF command and run it."""
    say(f"\n$ manageTF {' '.join(arguments)}")
    return subprocess.run(
        [MANAGE, *arguments], check=False, text=True, stdout=subprocess.PIPE if capture else None
    )


def say(text: str) -> None:
    """Tell the user, before what the next command tells."""
    print(text, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
