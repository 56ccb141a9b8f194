"""What the SDK adds to httpx: calls over a mock transport, beside bare httpx and json.loads.

Nothing waits here, so it is CPU time, which other programs on the machine hardly come into.
"""

from __future__ import annotations

import gc
import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import httpx

from benchmarks.mock_transport import bare_answered_by, farm_answered_by
from benchmarks.rounds import alternate, cpu_timed, ratio, spread
from benchmarks.rows import Row, at_most
from benchmarks.servers import Place, embedded
from benchmarks.setting import Setting

MOST_TIMES_HTTPX = 1.3
MOST_TIMES_JSON = 8.0
COUNTS = {"percentDone": 0.0, "numWaiting": 0, "numComputing": 0, "numDone": 0}
RUN: dict[str, Any] = {"id": 1, "uuid": "0" * 32, "numTasks": 10**9, **COUNTS}
TASK = {"id": 1, "percentCompleted": 0.0, "status": "computing"}
DONE = {"percentCompleted": 100.0, "status": "done"}
NUMBERS = itertools.count()


def measure(setting: Setting) -> Iterator[Row]:
    """Answer with what the real server said."""
    # Searching through all that the measures before have left is not the sides' cost.
    gc.collect()
    gc.freeze()
    with embedded() as place:
        yield _one_call(setting, place)
        yield _one_task(setting)
        for runs in (1_000, 10_000):
            yield _listing(setting, place, runs)


def _one_call(setting: Setting, place: Place) -> Row:
    run = place.farm.create_run(10)
    answer = _answering(place, f"runs/{run.uuid}")
    calls = setting.pick(300, 100)
    with farm_answered_by(answer) as farm, bare_answered_by(answer) as bare:
        status = farm.get_run(run.uuid).status
        sides: dict[str, Callable[[], object]] = {
            "run.status()": lambda: [status() for _ in range(calls)],
            "httpx": lambda: [bare.get(f"runs/{run.uuid}").json() for _ in range(calls)],
        }
        for warm_up in sides.values():
            warm_up()
        samples = alternate(
            {side: cpu_timed(act) for side, act in sides.items()}, 4 * setting.rounds
        )
    found = ratio(samples["run.status()"], samples["httpx"])
    target, reached = at_most(found, MOST_TIMES_HTTPX)
    ours, theirs = (spread([1e6 * one / calls for one in side]) for side in samples.values())
    return Row(
        what="one call, run.status(), over a mock transport",
        against="bare httpx",
        figure=f"{found} x",
        target=f"{target} x",
        reached=reached,
        note=f"{ours} against {theirs} µs",
        samples=samples,
    )


def _one_task(setting: Setting) -> Row:
    calls = setting.pick(200, 50)
    place = f"runs/{RUN['uuid']}/task"
    with (
        farm_answered_by(_hands_out) as farm,
        bare_answered_by(_hands_out) as bare,
        farm.get_run(RUN["uuid"]).worker() as worker,
    ):

        def ours() -> None:
            for _ in range(calls):
                task = worker.claim()
                assert task is not None
                task.complete()

        def theirs() -> None:
            for _ in range(calls):
                task = bare.post(place, json={"worker_uuid": worker.uuid}).json()["task"]
                bare.put(f"{place}s/{task}", json=DONE)

        ours()
        theirs()
        samples = alternate(
            {"worker": cpu_timed(ours), "httpx": cpu_timed(theirs)}, 4 * setting.rounds
        )
    found = ratio(samples["worker"], samples["httpx"])
    target, reached = at_most(found, MOST_TIMES_HTTPX)
    own, bare_us = (spread([1e6 * one / calls for one in side]) for side in samples.values())
    return Row(
        what="one task, claim and complete, over a mock transport",
        against="two bare requests of httpx",
        figure=f"{found} x",
        target=f"{target} x",
        reached=reached,
        note=f"{own} against {bare_us} µs",
        samples=samples,
    )


def _hands_out(request: httpx.Request) -> httpx.Response:
    """Answer as a server that always has another task."""
    if request.method == "PUT":
        return httpx.Response(204)
    if request.url.path.endswith("/task"):
        return httpx.Response(201, json=TASK | {"task": next(NUMBERS)})
    if request.url.path.endswith("/worker"):
        return httpx.Response(201, json={"uuid": json.loads(request.content)["uuid"], "id": 1})
    return httpx.Response(200, json=RUN)


def _listing(setting: Setting, place: Place, runs: int) -> Row:
    _make_runs(place, runs)
    answer = _answering(place, "runs")
    text = answer(httpx.Request("GET", place.url)).content
    assert len(json.loads(text)["data"]) == runs
    with farm_answered_by(answer) as farm:
        sides: dict[str, Callable[[], object]] = {
            "farm.runs()": farm.runs,
            "json.loads": lambda: json.loads(text),
        }
        for warm_up in sides.values():
            warm_up()
        samples = alternate(
            {side: cpu_timed(act) for side, act in sides.items()}, 2 * setting.rounds
        )
    found = ratio(samples["farm.runs()"], samples["json.loads"])
    target, reached = at_most(found, MOST_TIMES_JSON)
    ours, bare = (spread([1e3 * one for one in side]) for side in samples.values())
    return Row(
        what=f"{runs:,} runs listed, over a mock transport",
        against="bare json.loads of the reply",
        figure=f"{found} x",
        target=f"{target} x",
        reached=reached,
        note=f"{ours} against {bare} ms",
        samples=samples,
    )


def _make_runs(place: Place, runs: int) -> None:
    there = len(place.farm.runs())
    with closing(place.sqlite()) as database, database:
        database.executemany(
            'INSERT INTO runs (uuid, "nextTask", "numTasks") VALUES (?, 0, 100)',
            ((f"{number:032x}",) for number in range(there, runs)),
        )


def _answering(place: Place, path: str) -> Callable[[httpx.Request], httpx.Response]:
    with httpx.Client(base_url=place.url, auth=(place.token, ""), timeout=60) as http:
        reply = http.get(path)
    content, headers = reply.content, dict(reply.headers)
    return lambda _: httpx.Response(200, headers=headers, content=content)
