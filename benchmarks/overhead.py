"""`make bench`: what the SDK costs over bare httpx, on the same real server in the same run.

Each figure is a ratio of medians; the rounds of both sides alternate, so that what else the
machine does meets both alike.
"""

from __future__ import annotations

import socket
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Callable

import httpx

from taskfarm_sdk import Farm
from taskfarm_sdk.testing import LocalServer

ROUNDS = 9
TASKS = 60
REQUESTS = 60


def main() -> None:
    """Measure and print."""
    print("imports, over a bare interpreter:")
    for statement in ("import taskfarm_sdk", "from taskfarm_sdk import Farm", "import httpx"):
        ratio, ours_s, bare_s = compare(lambda s=statement: python(s), lambda: python("pass"))  # type: ignore[misc]
        print(f"  {statement:32} {ratio:5.2f} x  ({1e3 * (ours_s - bare_s):.0f} ms more)")
    with LocalServer() as server, server.farm() as farm:
        token = farm.login()
        with httpx.Client(base_url=server.url, auth=(token, "")) as bare:
            run = farm.create_run(1)
            report(
                f"{REQUESTS} x status",
                lambda: repeat(run.status),
                lambda: repeat(lambda: bare.get(f"runs/{run.uuid}").json()),
            )
            report(f"{TASKS} tasks", lambda: work(farm), lambda: work_bare(bare))


def report(what: str, ours: Callable[[], object], bare: Callable[[], object]) -> None:
    """Compare and print one line."""
    ratio, ours_s, bare_s = compare(ours, bare)
    print(f"{what}: {ratio:.2f} x bare httpx ({ours_s:.3f} s against {bare_s:.3f} s)")


def compare(ours: Callable[[], object], bare: Callable[[], object]) -> tuple[float, float, float]:
    """Return the ratio of the medians, and the medians."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for side, act in zip(times, (ours, bare), strict=True):
            begin = time.perf_counter()
            act()
            side.append(time.perf_counter() - begin)
    ours_s, bare_s = map(statistics.median, times)
    return ours_s / bare_s, ours_s, bare_s


def python(statement: str) -> None:
    """Run one statement in an interpreter of its own."""
    subprocess.run([sys.executable, "-c", statement], check=True)


def repeat(act: Callable[[], object]) -> None:
    """Do it again and again."""
    for _ in range(REQUESTS):
        act()


def work(farm: Farm) -> None:
    """Work a run off with the SDK."""
    run = farm.create_run(TASKS)
    with run.worker() as worker:
        for task in worker:
            with task:
                pass
    run.delete()


def work_bare(http: httpx.Client) -> None:
    """Work a run off with the least that HTTP needs."""
    run = http.post("run", json={"numTasks": TASKS}).json()["uuid"]
    me = {"uuid": uuid.uuid4().hex, "hostname": socket.gethostname(), "pid": 1}
    http.post("worker", json=me)
    while True:
        reply = http.post(f"runs/{run}/task", json={"worker_uuid": me["uuid"]})
        if reply.status_code == 204:
            break
        body = {"percentCompleted": 100.0, "status": "done"}
        http.put(f"runs/{run}/tasks/{reply.json()['task']}", json=body)
    http.delete(f"runs/{run}")


if __name__ == "__main__":
    main()
