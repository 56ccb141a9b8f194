"""serveTF whose standard streams are closed, as a daemon's often are."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from taskfarm_sdk.logins import saved_logins
from tests.support import programs
from tests.support.processes import NET_S, wait_until
from tests.support.serve_tf import COMMAND

pytestmark = [pytest.mark.live, pytest.mark.long]

CLOSED = ["<&-", ">&-", "2>&-", "<&- >&-", "<&- 2>&-", ">&- 2>&-", "<&- >&- 2>&-"]


@contextmanager
def running(closed: str, *options: object) -> Iterator[subprocess.Popen[str]]:
    """Run serveTF with some streams closed, and the others open to this test."""
    with subprocess.Popen(
        ["sh", "-c", f'exec "$@" {closed}', "sh", *COMMAND, *map(str, options)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def url_of(data: Path) -> str:
    """Return the URL that a server wrote into its folder, or nothing before."""
    try:
        return str(json.loads((data / "lock").read_text()).get("url", ""))
    except (OSError, ValueError):
        return ""


def answers(data: Path) -> bool:
    """Return whether the server of a folder answers."""
    try:
        return httpx.get(url_of(data) + "runs", timeout=NET_S).status_code == 401
    except (httpx.TransportError, httpx.UnsupportedProtocol):
        return False


@pytest.mark.parametrize("closed", CLOSED)
def test_it_serves_and_stops_with_streams_closed(tmp_path: Path, closed: str) -> None:
    data = tmp_path / "data"
    with running(closed, "--port", 0, "--data", data, "--access-log") as process:
        wait_until(lambda: (answers(data) and saved_logins()) or process.poll() is not None)
        process.send_signal(signal.SIGTERM)
        said, complaints = process.communicate(timeout=NET_S)
    assert process.returncode == 0
    assert said == ""
    if "2>" in closed:
        assert complaints == ""
    else:
        assert '"GET /api/runs HTTP/1.1" 401' in complaints
        assert complaints.endswith("serveTF: stopped\n")
        assert "Traceback" not in complaints


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_what_it_prints_needs_an_open_stdout(option: str) -> None:
    with running(">&-", option) as process:
        _, complaints = process.communicate(timeout=NET_S)
    assert process.returncode == 1
    assert complaints == "serveTF: cannot write the output: stdout is closed\n"


IN_A_PROGRAM = """
import os
from tests.support.told import told
from taskfarm_sdk.testing import LocalServer
from urllib.error import HTTPError
from urllib.request import urlopen

result = os.dup(1)
for number in told(dict)["closed"]:
    os.close(number)
with LocalServer() as server:
    try:
        urlopen(server.url + "runs")
    except HTTPError as error:
        os.write(result, f"{error.code}\\n".encode())
os._exit(0)
"""


@pytest.mark.parametrize("closed", [[0], [1], [2], [0, 1], [0, 1, 2]])
def test_a_program_that_closed_its_streams_has_its_server(closed: list[int]) -> None:
    assert programs.run_silently("-c", IN_A_PROGRAM, told={"closed": closed}) == ["401"]
