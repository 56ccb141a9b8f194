"""`make demo`: a complete run on one machine, with the real server, leaving no files behind.

It starts the server on an embedded database, creates a run of 200 tasks with manageTF, computes
its tasks in 4 worker processes while `manageTF --watch` shows the progress, and combines the
results into an estimate of pi from random points.
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
    """Run the demo, and return the exit status of `manageTF --watch`."""
    with tempfile.TemporaryDirectory(prefix="taskfarm-demo-") as folder:
        os.environ["TASKFARM_CONFIG"] = folder
        say("Starting a taskfarm server on an embedded database …")
        with LocalServer() as server, server.farm() as farm:
            # Does the same as `manageTF --login`, without asking for the password.
            logins.save_login(server.url, server.user, farm.login())
            return demonstrate(farm, Path(folder))


def demonstrate(farm: Farm, folder: Path) -> int:
    """Create a run, compute its tasks while the user watches, and show the results."""
    uuid = manage("--create", str(NUM_TASKS), capture=True).stdout.strip()
    say(uuid)
    run = farm.get_run(uuid)
    say(f"\nComputing its tasks with {NUM_WORKERS} worker processes …")
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
        f"\n{len(shares)} tasks in {took_s:.1f} s: {len(shares) / took_s:.1f} tasks/s in all, "
        f"computed by {NUM_WORKERS} workers on this machine,\nincluding the start of their "
        f"processes and all requests. Pi is about {4 * sum(shares) / len(shares):.4f}."
    )
    return watched.returncode


def start_workers(run: Run, folder: Path) -> list[multiprocessing.process.BaseProcess]:
    """Start the workers; each gets the run, with the token of its farm."""
    context = multiprocessing.get_context("spawn")
    workers: list[multiprocessing.process.BaseProcess] = [
        context.Process(target=work, args=(run, folder / f"pi-{number}.json"))
        for number in range(NUM_WORKERS)
    ]
    for worker in workers:
        worker.start()
    return workers


def work(run: Run, results: Path) -> None:
    """Claim and compute tasks until none is left: an example of your own worker."""
    # Ctrl-C reaches all processes of the terminal, but the parent stops its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    shares: list[float] = []
    with run.worker() as worker:
        for task in worker:
            with task:
                shares.append(share_in_circle(task))
    results.write_text(json.dumps(shares))


def share_in_circle(task: Task) -> float:
    """Return the share of random points in the unit square that lie in the quarter circle."""
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
    """Print a line at once, before the output of the next command."""
    print(text, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
