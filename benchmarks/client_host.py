"""A process that has imported one kind of client and forks as many of them as it is asked for.

It runs with the interpreter of the client's own environment, so only the standard library is
imported here. Each line of stdin is a job, a JSON object; each is answered by a line.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

Job = dict[str, Any]
Update = Callable[[float], object]
Compute = Callable[[Update], None]
DONE = {"percentCompleted": 100.0, "status": "done"}


def with_sdk(job: Job, compute: Compute) -> None:
    """Work a run off with a worker of this SDK."""
    from taskfarm_sdk import Farm

    with Farm(job["url"], token=job["token"]) as farm:
        run = farm.get_run(job["run"])
        with run.worker(prefetch=job["prefetch"], give_up_after_s=60) as worker:
            for task in worker:
                with task:
                    compute(task.update)


def with_run_work(job: Job, compute: Compute) -> None:
    """Work a run off with `run.work` and one child."""
    from taskfarm_sdk import Farm

    with Farm(job["url"], token=job["token"]) as farm:
        farm.get_run(job["run"]).work(lambda task: compute(task.update), workers=1)


def with_taskfarm_worker(job: Job, compute: Compute) -> None:
    """Work a run off with taskfarm-worker; the token as the user spares it a password's hash."""
    from taskfarm_worker import TaskFarmWorker

    worker = TaskFarmWorker(job["token"], "", job["run"], url_base=job["url"])
    for _ in worker.tasks:
        compute(worker.update)
        worker.update(100.0)
        worker.done()


def with_httpx(job: Job, compute: Compute) -> None:
    """Work a run off with the least that HTTP needs, by httpx."""
    import httpx

    with httpx.Client(base_url=job["url"], auth=(job["token"], ""), timeout=60) as http:
        me = _me()
        http.post("worker", json=me).raise_for_status()
        place = f"runs/{job['run']}/task"
        while (reply := http.post(place, json={"worker_uuid": me["uuid"]})).status_code != 204:
            compute(_ignore)
            http.put(f"{place}s/{reply.json()['task']}", json=DONE).raise_for_status()


def with_http_client(job: Job, compute: Compute) -> None:
    """Work a run off with the least that HTTP needs, by the standard library."""
    import base64
    from http.client import HTTPConnection
    from urllib.parse import urlsplit

    url = urlsplit(job["url"])
    secret = base64.b64encode(f"{job['token']}:".encode()).decode()
    headers = {"Authorization": f"Basic {secret}", "Content-Type": "application/json"}
    http = HTTPConnection(url.hostname or "", url.port, timeout=60)

    def ask(method: str, path: str, body: object) -> tuple[int, Any]:
        http.request(method, url.path + path, json.dumps(body), headers)
        reply = http.getresponse()
        text = reply.read()
        if reply.status >= 400:
            raise RuntimeError(f"{reply.status}: {text!r}")
        return reply.status, json.loads(text or b"null")

    me = _me()
    ask("POST", "worker", me)
    place = f"runs/{job['run']}/task"
    while True:
        status, task = ask("POST", place, {"worker_uuid": me["uuid"]})
        if status == 204:
            break
        compute(_ignore)
        ask("PUT", f"{place}s/{task['task']}", DONE)
    http.close()


KINDS = {
    "sdk": with_sdk,
    "run.work": with_run_work,
    "taskfarm-worker": with_taskfarm_worker,
    "httpx": with_httpx,
    "http.client": with_http_client,
}
# What is loaded with the first client, or the first request, a worker of its own would have loaded
# once and not in each child.
HTTPX = "httpx httpcore h11 certifi"
LATER = (
    "taskfarm_api.api.runs.get_run taskfarm_api.api.workers.register_worker "
    "taskfarm_api.api.tasks.claim_task taskfarm_api.api.tasks.update_task "
    "taskfarm_api.models.num_computing_only taskfarm_api.models.num_done_only "
    "taskfarm_api.models.num_waiting_only encodings.idna"
)
MODULES = {
    "sdk": f"taskfarm_sdk.worker taskfarm_sdk.farm {HTTPX} {LATER}",
    "run.work": f"taskfarm_sdk.execution.work taskfarm_sdk.farm {HTTPX} {LATER}",
    "taskfarm-worker": "taskfarm_worker",
    "httpx": HTTPX,
    "http.client": "http.client",
}


def _me() -> dict[str, object]:
    return {"uuid": uuid.uuid4().hex, "hostname": socket.gethostname(), "pid": os.getpid()}


def _ignore(percent: float) -> None:
    pass


def computing(job: Job) -> Compute:
    """Return what a task does, which notes in a file when its own code began and ended."""
    updates, task_s, busy, notes = job["updates"], job["task_s"], job["busy"], job["notes"]

    def compute(update: Update) -> None:
        begin = time.monotonic()
        if busy:
            while time.monotonic() < begin + task_s:
                pass
        elif task_s:
            time.sleep(task_s)
        if notes:
            with Path(notes).open("a", encoding="utf-8") as file:
                file.write(f"{begin} {time.monotonic()}\n")
        for number in range(job["before_end"]):
            update(100.0 * (number + 1) / updates)

    return compute


def serve_job(work: Callable[[Job, Compute], None], job: Job) -> dict[str, float]:
    """Fork the clients, let them all begin at once, and return when they began and ended."""
    go_read, go_write = os.pipe()
    told_read, told_write = os.pipe()
    children = []
    for _ in range(job["clients"]):
        child = os.fork()
        if child == 0:
            os.close(go_write)
            os._exit(_be_client(work, job, go_read, told_write))
        children.append(child)
    os.close(go_read)
    os.close(told_write)
    with os.fdopen(told_read) as told:
        for _ in children:
            assert told.readline() == "ready\n"
        os.close(go_write)
        spans = [tuple(map(float, line.split())) for line in told]
    failed = sum(os.waitpid(child, 0)[1] != 0 for child in children)
    return {
        "failed": failed,
        "began": min((one[0] for one in spans), default=0.0),
        "ended": max((one[1] for one in spans), default=0.0),
    }


def _be_client(
    work: Callable[[Job, Compute], None], job: Job, go_read: int, told_write: int
) -> int:
    try:
        os.write(told_write, b"ready\n")
        os.read(go_read, 1)
        begin = time.monotonic()
        work(job, computing(job))
        os.write(told_write, f"{begin} {time.monotonic()}\n".encode())
    except BaseException:  # noqa: BLE001 - a forked child must not go on as its parent
        import traceback

        traceback.print_exc()
        return 1
    return 0


def main() -> None:
    """Take jobs until stdin ends."""
    kind = sys.argv[1]
    for module in MODULES[kind].split():
        __import__(module)
    for line in sys.stdin:
        print(json.dumps(serve_job(KINDS[kind], json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
