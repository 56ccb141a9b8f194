"""Runs of 20,000 and of 1,000,000 tasks: what they cost the client does not grow with them."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from taskfarm_sdk import Farm, Run
from taskfarm_sdk.testing import LocalServer
from tests.programs import large_run_client
from tests.support.filling import fill
from tests.support.postgresql import PostgreSQL
from tests.support.pseudo_terminal import CTRL_C, PseudoTerminal

pytestmark = [pytest.mark.live, pytest.mark.postgres, pytest.mark.alone, pytest.mark.timeout(300)]

MANY = 20_000
MILLION = 1_000_000
LAST = 5
# By how much a few requests differ, whatever the run. A byte for each task would be more.
SPARE_KIB = 256.0


@pytest.fixture(scope="module")
def database(postgres: PostgreSQL) -> str:
    postgres.run("CREATE DATABASE large")
    return "large"


@pytest.fixture(scope="module")
def server(postgres: PostgreSQL, database: str) -> Iterator[LocalServer]:
    with LocalServer(database_url=postgres.url(database), processes=2, threads=4) as server:
        yield server


@pytest.fixture(scope="module")
def farm(server: LocalServer) -> Iterator[Farm]:
    with server.farm() as farm:
        farm.login()
        yield farm


@pytest.fixture(scope="module")
def many(farm: Farm, postgres: PostgreSQL, database: str) -> Run:
    """A run of 20,000 tasks, all of which exist."""
    run = farm.create_run(MANY)
    fill(postgres, database, run, MANY)
    return run


class Connections:
    """Counts the connections that this process makes to a server."""

    def __init__(self, url: str) -> None:
        self._port = urlsplit(url).port
        self.made = 0
        sys.addaudithook(self._note)

    def _note(self, event: str, facts: tuple[object, ...]) -> None:
        if event == "socket.connect" and isinstance(facts[1], tuple):
            self.made += facts[1][1] == self._port


def threads_of_ours() -> set[str]:
    return {one.name for one in threading.enumerate() if one.name.startswith("taskfarm")}


def test_20000_tasks_are_read_over_no_more_connections_than_requests_are_sent_at_once(
    server: LocalServer, farm: Farm, many: Run
) -> None:
    with Farm(server.url, token=farm.login()) as fresh:
        connections = Connections(server.url)
        began_at = time.monotonic()
        numbers = [info.number for info in fresh.get_run(many.uuid).task_infos()]
        print(f"{MANY / (time.monotonic() - began_at):.0f} tasks/s, {connections.made} connections")
    assert numbers == list(range(MANY))
    assert connections.made <= 8 + 1
    assert threads_of_ours() == set()


def test_who_has_seen_enough_of_20000_tasks_leaves_nothing_behind(
    server: LocalServer, farm: Farm, many: Run
) -> None:
    with Farm(server.url, token=farm.login()) as fresh:
        for info in fresh.get_run(many.uuid).task_infos():
            if info.number == 100:
                break
        assert threads_of_ours() == set()


def test_the_command_shows_how_far_it_is_and_ends_at_once_with_control_c(
    farm: Farm, many: Run
) -> None:
    environment = {"TASKFARM_URL": farm.url, "TASKFARM_TOKEN": farm.login()}
    words = ["--tasks", "--state", "failed", many.uuid]
    with PseudoTerminal(words, environment) as terminal:
        terminal.expect(r"[1-9]\d* of 20000 tasks\r")
        before = terminal.text
        terminal.expect(rf"(?s)^{before.replace('(', '')}.*[1-9]\d* of 20000 tasks\r")
        pressed_at = time.monotonic()
        terminal.press(CTRL_C)
        assert terminal.end() == 130
        assert time.monotonic() - pressed_at < 3
        assert "manageTF: interrupted" in terminal.text
        assert "Traceback" not in terminal.text


def test_a_million_tasks_cost_the_client_no_more_memory_than_ten(
    server: LocalServer, farm: Farm, postgres: PostgreSQL, database: str
) -> None:
    told = json.dumps(
        {"url": server.url, "token": farm.login(), "tasks": [10, 10, MILLION], "last": LAST}
    )
    with subprocess.Popen(
        [sys.executable, large_run_client.__file__, told],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as client:
        assert client.stdin is not None
        assert client.stdout is not None
        try:
            for _ in range(3):
                made = json.loads(client.stdout.readline())
                (run,) = [run for run in farm.runs() if run.uuid == made["run"]]
                fill(postgres, database, run, made["until"], made["has"])
                client.stdin.write("filled\n")
                client.stdin.flush()
            _, small, large = json.loads(client.stdout.readline())
        finally:
            client.kill()
    print(small, large, sep="\n")
    assert large["first"] == [0, 1, 2]
    assert large["last"] == list(range(MILLION - LAST, MILLION))
    assert large["watched"][0] == [MILLION - LAST, LAST]
    assert large["watched"][-1] == [MILLION, 0]
    assert large["succeeded"]
    assert large["waiting_seen"] == large_run_client.LISTED_MOST
    assert large["peak_kib"] < small["peak_kib"] + SPARE_KIB
    assert large["grown_mib"] < 4
