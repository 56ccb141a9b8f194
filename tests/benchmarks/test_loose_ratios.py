"""Ratios that `make bench` shows, held loosely, and by CPU time: on any machine, however busy."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable

import httpx

from benchmarks.mock_transport import bare_answered_by, farm_answered_by

ROUNDS = 7
RUNS = 1_000
RUN = {"id": 1, "uuid": "0" * 32, "numTasks": 9}
COUNTS = {**RUN, "percentDone": 0.0, "numWaiting": 9, "numComputing": 0, "numDone": 0}


def least_cpu_s(*acts: Callable[[], object]) -> list[float]:
    """Return how little of this process's CPU time each takes, in rounds that alternate."""
    for act in acts:
        act()
    took: list[list[float]] = [[] for _ in acts]
    for _ in range(ROUNDS):
        for act, times in zip(acts, took, strict=True):
            begin = time.process_time()
            act()
            times.append(time.process_time() - begin)
    return [min(times) for times in took]


def child_cpu_s(code: str) -> float:
    before = os.times()
    subprocess.run([sys.executable, "-c", code], check=True)
    after = os.times()
    return sum(after[2:4]) - sum(before[2:4])


def test_one_call_costs_little_more_than_httpx_alone() -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=COUNTS)

    with farm_answered_by(answer) as farm, bare_answered_by(answer) as bare:
        run = farm.get_run("0" * 32)
        ours, theirs = least_cpu_s(
            lambda: [run.status() for _ in range(50)],
            lambda: [bare.get("runs/x").json() for _ in range(50)],
        )
    assert ours < 2 * theirs


def test_a_thousand_runs_are_listed_in_a_small_multiple_of_reading_their_json() -> None:
    text = json.dumps({"data": [{**RUN, "id": n, "uuid": f"{n:032x}"} for n in range(RUNS)]})
    reply = {"content": text, "headers": {"content-type": "application/json"}}
    with farm_answered_by(lambda _: httpx.Response(200, **reply)) as farm:  # type: ignore[arg-type]
        assert len(farm.runs()) == RUNS
        ours, bare = least_cpu_s(farm.runs, lambda: json.loads(text))
    assert ours < 16 * bare


def test_importing_the_package_takes_a_fraction_of_importing_httpx() -> None:
    codes = ("import taskfarm_sdk", "import httpx", "pass")
    took = {code: min(child_cpu_s(code) for _ in range(5)) for code in codes}
    over = {code: took[code] - took["pass"] for code in codes}
    assert over["import taskfarm_sdk"] < over["import httpx"]
