"""A fleet of 256 workers on gunicorn and PostgreSQL; with TASKFARM_FULL=1 on the whole run."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from taskfarm_sdk import Farm
from taskfarm_sdk.logins import saved_logins
from tests.programs import load_workers
from tests.programs.load_workers import Report
from tests.support.postgresql import PostgreSQL
from tests.support.programs import access, run_silently
from tests.support.serve_tf import serving

pytestmark = [pytest.mark.live, pytest.mark.postgres, pytest.mark.alone, pytest.mark.timeout(1200)]

PROCESSES, THREADS = 8, 32
TASKS = 20_000 if os.environ.get("TASKFARM_FULL") == "1" else 2_560
# The server's own log of each request ends with how long it took.
LOGGED = re.compile(
    r'"(?P<method>[A-Z]+) (?P<path>\S+) HTTP/1\.1" (?P<status>\d+) .*?(?P<ms>\d+)ms'
)


def work(told: dict[str, object]) -> Report:
    (line,) = run_silently(load_workers.__file__, told=told, timeout_s=None)
    report: Report = json.loads(line)
    return report


def spread(values: Sequence[float]) -> str:
    ordered = sorted(values)
    shares = (0.5, 0.9, 0.99)
    found = [f"{share:.0%} {ordered[int(share * (len(ordered) - 1))]:.3g}" for share in shares]
    return f"{', '.join(found)}, most {ordered[-1]:.3g} ({len(ordered)} times)"


def test_256_workers_get_each_task_once_and_no_error(
    postgres: PostgreSQL,
    database: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TASKFARM_CONFIG", str(tmp_path / "config"))
    options = ["--data", tmp_path / "data", "--processes", 2, "--threads", 4, "--access-log"]
    with serving(*options, "--database-url", postgres.url(database)) as serve:
        (login,) = saved_logins()
        with Farm(serve.url, token=login.token) as farm:
            run = farm.create_run(TASKS)
            told = {
                **access(run, login.token),
                "threads": THREADS,
                "fleet_size": PROCESSES * THREADS,
            }
            began_at = time.monotonic()
            with ThreadPoolExecutor(PROCESSES) as pool:
                reports = list(pool.map(work, [told] * PROCESSES))
            took_s = time.monotonic() - began_at
            assert run.wait(check=True).rows == TASKS
        serve.end(signal.SIGTERM)
    requests = [found for line in serve.lines if (found := LOGGED.search(line))]
    with capsys.disabled():
        print(f"\n{TASKS} tasks in {took_s:.0f} s: {TASKS / took_s:.0f} tasks/s")
        tell(requests, reports)
    computed = [number for report in reports for number in report["tasks"]]
    assert sorted(computed) == list(range(TASKS))
    assert sum(report["workers"] for report in reports) == PROCESSES * THREADS
    # Two requests a task, and one that finds nothing and one that registers for each worker.
    assert len(requests) >= 2 * TASKS + 2 * PROCESSES * THREADS
    assert {one["status"] for one in requests if int(one["status"]) >= 400} == set()
    assert "Traceback" not in serve.text


def tell(requests: Sequence[re.Match[str]], reports: Sequence[Report]) -> None:
    """Print what the server took for each request, and what the workers waited."""
    server_ms: dict[str, list[float]] = defaultdict(list)
    for one in requests:
        kind = re.sub(r"[0-9a-f]{32}", "RUN", re.sub(r"/tasks/\d+", "/tasks/N", one["path"]))
        server_ms[f"{one['method']} {kind}"].append(float(one["ms"]))
    for name, values in sorted(server_ms.items()):
        print(f"server, ms: {name}: {spread(values)}")
    for what in ("claim", "complete"):
        waited = [one for report in reports for one in report["waited_s"][what]]
        print(f"worker, s: {what}: {spread(waited)}")
    cpu_s = sum(report["cpu_s"] for report in reports)
    print(f"processor time of all workers: {cpu_s:.0f} s, {1000 * cpu_s / TASKS:.2g} ms a task")
