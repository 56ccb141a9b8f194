"""`Farm.map` that is ended from outside, again and again, until all items have values."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from pathlib import Path

import pytest

from taskfarm_sdk import results
from taskfarm_sdk._results.writer import FLUSH_S
from taskfarm_sdk.testing import LocalServer
from tests.programs import map_script
from tests.support import programs
from tests.support.killed_maps import Blow, Target, ended_at_random
from tests.support.map_scripts import MapScript
from tests.support.maps import calls_in
from tests.support.processes import NET_S, wait_until

pytestmark = [pytest.mark.live, pytest.mark.long]

ITEMS, CHUNK, ITEM_S = 400, 25, 0.01
ENDS = 4
# The default of `Farm.map`.
MAX_ATTEMPTS = 3
# Written at the first item after it, and two children compute.
LOST_MOST = 2 * (int(FLUSH_S / ITEM_S) + 2)


@pytest.fixture
def mapping(taskfarm_server: LocalServer, folder: Path, calls: Path) -> MapScript:
    """A mapping that has not begun."""
    server = programs.credentials(taskfarm_server)
    return MapScript(
        server=server, folder=folder, calls=calls, items=ITEMS, chunk=CHUNK, item_s=ITEM_S
    )


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_work_that_is_asked_to_end_computes_no_item_twice(mapping: MapScript, name: str) -> None:
    for _ in range(ENDS):
        with mapping.script() as process:
            mapping.wait_for_calls(ITEMS // (2 * ENDS))
            process.send_signal(getattr(signal, name))
            process.communicate(timeout=NET_S)
            assert process.returncode == programs.ENDED[name]
    mapping.finish()
    assert set(calls_in(mapping.calls).values()) == {1}


def test_a_killed_worker_costs_only_what_was_not_yet_written(mapping: MapScript) -> None:
    for _ in range(ENDS):
        with mapping.script() as process:
            mapping.wait_for_calls(ITEMS // (2 * ENDS))
            os.kill(process.pid, signal.SIGKILL)
            process.communicate(timeout=NET_S)
    mapping.finish()
    assert mapping.num_calls() - ITEMS <= ENDS * LOST_MOST
    assert list(results(mapping.folder).values()) == mapping.values


@pytest.mark.parametrize("kind", ["thread", "spawn"])
def test_a_killed_program_with_an_executor_costs_only_what_was_not_yet_written(
    mapping: MapScript, kind: str
) -> None:
    with mapping.script(executor=kind) as process:
        mapping.wait_for_calls(ITEMS // 4)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=NET_S)
    # The processes of a pool give back what they have, and end.
    wait_until(lambda: not mapping.living_children())
    mapping.finish(executor=kind)
    assert mapping.num_calls() - ITEMS <= LOST_MOST
    assert list(results(mapping.folder).values()) == mapping.values


def test_workers_killed_more_often_than_a_task_may_be_tried_leave_no_item_untried(
    mapping: MapScript,
) -> None:
    """What was killed is handed out first, so that each kill meets the same tasks."""
    for _ in range(MAX_ATTEMPTS):
        with mapping.script() as process:
            mapping.wait_for_calls(4)
            os.kill(process.pid, signal.SIGKILL)
            process.communicate(timeout=NET_S)
    mapping.finish()
    assert list(results(mapping.folder).values()) == mapping.values


def test_killed_children_cost_their_items_an_attempt_and_nothing_else(mapping: MapScript) -> None:
    with mapping.script() as process:
        wait_until(lambda: len(mapping.children()) == 2)
        for pid in mapping.children():
            os.kill(pid, signal.SIGKILL)
        mapping.has_finished(process)
    assert Counter(calls_in(mapping.calls).values())[1] >= ITEMS - LOST_MOST


def test_a_worker_that_is_killed_before_its_run_is_in_the_folder_leaves_it_to_the_next(
    mapping: MapScript, taskfarm_server: LocalServer
) -> None:
    with taskfarm_server.farm() as farm:
        before = {run.uuid for run in farm.runs()}
        with mapping.script(halts=True) as process:
            # The run alone would not do: its creator first sees it, then notes it in the folder.
            assert process.stdout is not None
            assert process.stdout.readline().strip() == map_script.HALTED
            process.kill()
            process.communicate(timeout=NET_S)
        mapping.finish()
        (run,) = {run.uuid for run in farm.runs()} - before
    assert json.loads((mapping.folder / "order.json").read_text())["run_uuid"] == run


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL"])
def test_whatever_is_ended_at_random_moments_each_item_has_one_result(
    tmp_path: Path, name: str
) -> None:
    number = getattr(signal, name)
    blows = [Blow(number, target) for target in Target]
    with LocalServer() as server:
        came = ended_at_random(server, tmp_path, blows, items=3_000, chunk=50, item_s=0.001)
    assert (came.wrong, came.missing) == (0, 0)
    assert came.twice <= came.allowed
