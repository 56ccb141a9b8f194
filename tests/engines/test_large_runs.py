"""Runs of 20,000 and of 1,000,000 tasks: what they cost the client does not grow with them."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from taskfarm_sdk import Farm, Run
from taskfarm_sdk.testing import LocalServer
from tests.programs import large_run_client
from tests.support.fault_proxy import FaultProxy
from tests.support.filling import fill
from tests.support.postgresql import PostgreSQL
from tests.support.programs import read_line, running, write_line
from tests.support.pseudo_terminal import CTRL_C, PseudoTerminal

pytestmark = [pytest.mark.live, pytest.mark.postgres, pytest.mark.alone, pytest.mark.timeout(300)]

MANY = 20_000 if os.environ.get("TASKFARM_FULL") == "1" else 5_000
MILLION = 1_000_000
LAST = 5
# By how much a few requests differ, whatever the run. A byte for each task would be more.
SPARE_KIB = 256.0


@pytest.fixture(scope="module")
def module_database(postgres: PostgreSQL) -> str:
    """The name of a database for all tests of this module."""
    postgres.run("CREATE DATABASE large")
    return "large"


@pytest.fixture(scope="module")
def parallel_server(postgres: PostgreSQL, module_database: str) -> Iterator[LocalServer]:
    """A server on PostgreSQL, which serves many requests at once."""
    url = postgres.url(module_database)
    with LocalServer(database_url=url, processes=2, threads=4) as server:
        yield server


@pytest.fixture(scope="module")
def parallel_farm(parallel_server: LocalServer) -> Iterator[Farm]:
    """A farm on that server, with a token."""
    with parallel_server.farm() as farm:
        farm.login()
        yield farm


@pytest.fixture(scope="module")
def filled_run(parallel_farm: Farm, postgres: PostgreSQL, module_database: str) -> Run:
    """A run of many tasks, all of which exist."""
    run = parallel_farm.create_run(MANY)
    fill(postgres, module_database, run, MANY)
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


def test_many_tasks_are_read_over_no_more_connections_than_requests_at_once(
    parallel_farm: Farm, filled_run: Run
) -> None:
    with Farm(parallel_farm.url, token=parallel_farm.login()) as fresh:
        connections = Connections(parallel_farm.url)
        began_at = time.monotonic()
        numbers = [info.number for info in fresh.get_run(filled_run.uuid).task_infos()]
        print(f"{MANY / (time.monotonic() - began_at):.0f} tasks/s, {connections.made} connections")
    assert numbers == list(range(MANY))
    assert connections.made <= 8 + 1
    assert threads_of_ours() == set()


def test_who_has_seen_enough_of_many_tasks_leaves_nothing_behind(
    parallel_farm: Farm, filled_run: Run
) -> None:
    with Farm(parallel_farm.url, token=parallel_farm.login()) as fresh:
        for info in fresh.get_run(filled_run.uuid).task_infos():
            if info.number == 100:
                break
        assert threads_of_ours() == set()


def test_the_command_shows_how_far_it_is_and_ends_at_once_with_control_c(
    parallel_farm: Farm, filled_run: Run
) -> None:
    words = ["--tasks", "--state", "failed", filled_run.uuid]
    token = parallel_farm.login()
    with (
        FaultProxy(parallel_farm.url) as proxy,
        PseudoTerminal(words, {"TASKFARM_URL": proxy.url, "TASKFARM_TOKEN": token}) as terminal,
    ):
        terminal.expect(rf"[1-9]\d* of {MANY} tasks\r")
        before = terminal.text
        terminal.expect(rf"(?s)^{before.replace('(', '')}.*[1-9]\d* of {MANY} tasks\r")
        terminal.press(CTRL_C)
        assert terminal.end() == 130
        assert proxy.count(r"^GET .*/tasks/\d+") < MANY / 2, "it read on"
        assert "manageTF: interrupted" in terminal.text
        assert "Traceback" not in terminal.text


def test_a_million_tasks_cost_the_client_no_more_memory_than_ten(
    parallel_farm: Farm, postgres: PostgreSQL, module_database: str
) -> None:
    told = {
        "url": parallel_farm.url,
        "token": parallel_farm.login(),
        "tasks": [10, 10, MILLION],
        "last": LAST,
    }
    with running(large_run_client.__file__, told=told) as client:
        for _ in range(3):
            made = json.loads(read_line(client.stdout))
            (run,) = [run for run in parallel_farm.runs() if run.uuid == made["run"]]
            fill(postgres, module_database, run, made["until"], made["has"])
            write_line(client, "filled")
        _, small, large = json.loads(read_line(client.stdout))
    print(small, large, sep="\n")
    assert large["first"] == [0, 1, 2]
    assert large["last"] == list(range(MILLION - LAST, MILLION))
    assert large["watched"][0] == [MILLION - LAST, LAST]
    assert large["watched"][-1] == [MILLION, 0]
    assert large["succeeded"]
    assert large["waiting_seen"] == large_run_client.LISTED_MOST
    assert large["peak_kib"] < small["peak_kib"] + SPARE_KIB
    assert large["grown_mib"] < 4
