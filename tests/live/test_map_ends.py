"""`Farm.map` that is ended from outside, again and again, until all items have values."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs
import pytest

from taskfarm_sdk import results
from taskfarm_sdk._results.writer import FLUSH_S
from taskfarm_sdk.testing import LocalServer
from tests.programs import map_script
from tests.support import programs
from tests.support.maps import calls_in
from tests.support.processes import NET_S, wait_until

pytestmark = [pytest.mark.live, pytest.mark.long]

ITEMS, CHUNK, ITEM_S = 400, 25, 0.01
ENDS = 4
TOTAL = sum(2 * item for item in range(ITEMS))
# Written at the first item after it, and two children compute.
LOST_MOST = 2 * (int(FLUSH_S / ITEM_S) + 2)


@attrs.frozen
class Mapping:
    """A script that maps, started as often as it takes."""

    server: LocalServer
    folder: Path
    calls: Path

    @contextmanager
    def script(self, *, halts: bool = False) -> Iterator[subprocess.Popen[str]]:
        """Start the script; it can halt once it has created its run."""
        told = {
            **programs.credentials(self.server),
            "folder": str(self.folder),
            "calls": str(self.calls),
            "items": ITEMS,
            "chunk": CHUNK,
            "item_s": ITEM_S,
            "halts": halts,
        }
        with programs.running(
            map_script.__file__, told=told, stderr=subprocess.PIPE, new_session=True
        ) as process:
            yield process

    def wait_for_calls(self, more: int) -> None:
        """Wait until the function was called so many times more."""
        wanted = self.num_calls() + more
        wait_until(lambda: self.num_calls() >= wanted)

    def num_calls(self) -> int:
        """Return how often the function was called."""
        return sum(calls_in(self.calls).values())

    def children(self) -> list[int]:
        """Return the processes that called the function."""
        return [int(file.name) for file in self.calls.iterdir()]

    def finish(self) -> None:
        """Start the script once more, and let it work to the end."""
        with self.script() as process:
            out, err = process.communicate(timeout=NET_S)
        assert (process.returncode, out.strip()) == (0, str(TOTAL)), err


@pytest.fixture
def mapping(taskfarm_server: LocalServer, tmp_path: Path) -> Mapping:
    """A mapping that has not begun."""
    calls = tmp_path / "calls"
    calls.mkdir()
    return Mapping(taskfarm_server, tmp_path / "results", calls)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_work_that_is_asked_to_end_computes_no_item_twice(mapping: Mapping, name: str) -> None:
    for _ in range(ENDS):
        with mapping.script() as process:
            mapping.wait_for_calls(ITEMS // (2 * ENDS))
            process.send_signal(getattr(signal, name))
            process.communicate(timeout=NET_S)
            assert process.returncode == programs.ENDED[name]
    mapping.finish()
    assert set(calls_in(mapping.calls).values()) == {1}


def test_a_killed_worker_costs_only_what_was_not_yet_written(mapping: Mapping) -> None:
    for _ in range(ENDS):
        with mapping.script() as process:
            mapping.wait_for_calls(ITEMS // (2 * ENDS))
            os.kill(process.pid, signal.SIGKILL)
            process.communicate(timeout=NET_S)
    mapping.finish()
    assert mapping.num_calls() - ITEMS <= ENDS * LOST_MOST
    assert list(results(mapping.folder).values()) == [2 * item for item in range(ITEMS)]


def test_killed_children_cost_their_items_an_attempt_and_nothing_else(mapping: Mapping) -> None:
    with mapping.script() as process:
        wait_until(lambda: len(mapping.children()) == 2)
        for pid in mapping.children():
            os.kill(pid, signal.SIGKILL)
        out, err = process.communicate(timeout=NET_S)
    assert (process.returncode, out.strip()) == (0, str(TOTAL)), err
    assert Counter(calls_in(mapping.calls).values())[1] >= ITEMS - LOST_MOST


def test_a_worker_that_is_killed_before_its_run_is_in_the_folder_leaves_it_to_the_next(
    mapping: Mapping,
) -> None:
    with mapping.server.farm() as farm:
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
