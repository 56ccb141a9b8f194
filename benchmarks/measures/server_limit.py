"""The server's own limit: the same two requests a task, sent by wrk."""

from __future__ import annotations

import base64
import re
import subprocess
import tempfile
import uuid
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.peers import Missing, debian
from benchmarks.rounds import spread
from benchmarks.rows import Row, missing
from benchmarks.servers import Place
from benchmarks.setting import Setting

# A hand-out's reply names the task that a later request completes.
SCRIPT = """
local secret, run, worker = "%s", "%s", "%s"
local head = {["Authorization"] = "Basic " .. secret, ["Content-Type"] = "application/json"}
local claim = '{"worker_uuid": "' .. worker .. '"}'
local done = '{"percentCompleted": 100.0, "status": "done"}'
local open = {}
request = function()
  local task = table.remove(open)
  if task then return wrk.format("PUT", run .. "/tasks/" .. task, head, done) end
  return wrk.format("POST", run .. "/task", head, claim)
end
response = function(status, headers, body)
  local task = body:match('"task":%%s*(%%d+)')
  if task then table.insert(open, task) end
end
"""
MORE_THAN_CAN_BE_DONE = 10**6


def limit(setting: Setting, place: Place, connections: int) -> Row:
    """Let wrk work on a run for some seconds."""
    what = f"the server's limit: tasks/s over {connections} connection{'s' * (connections > 1)}"
    try:
        wrk = debian("wrk")
    except Missing as error:
        return missing(what, "wrk", str(error))
    rates = [_rate(wrk, place, connections, setting.pick(4, 1)) for _ in range(setting.rounds)]
    return Row(what=what, against="", figure=str(spread(rates)), samples={"wrk": rates})


def _rate(wrk: str, place: Place, connections: int, seconds: int) -> float:
    worker = uuid.uuid4().hex
    run = place.farm.create_run(MORE_THAN_CAN_BE_DONE)
    with run.worker() as known:
        task = known.claim()
        assert task is not None
        worker = known.uuid
        task.complete()
    secret = base64.b64encode(f"{place.token}:".encode()).decode()
    path = f"{urlsplit(place.url).path}runs/{run.uuid}"
    # In a file of our own, for all users of the machine see a command line.
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "task.lua"
        script.write_text(SCRIPT % (secret, path, worker))
        said = subprocess.run(
            [wrk, "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(script), place.url],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    run.delete()
    if "Non-2xx" in said or (found := re.search(r"Requests/sec:\s+([\d.]+)", said)) is None:
        raise RuntimeError(f"wrk could not work on a run: {said}")
    return float(found[1]) / 2
