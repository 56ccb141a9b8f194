"""Child processes of work whose number of jobs changes."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from taskfarm_sdk import Farm, results
from taskfarm_sdk._join import joined
from taskfarm_sdk.execution.parts import Jobs
from taskfarm_sdk.testing import LocalServer
from tests.support.processes import NET_S, alive, wait_until

pytestmark = pytest.mark.live


@pytest.fixture
def farm(taskfarm_server: LocalServer) -> Iterator[Farm]:
    """A farm of the tests' server."""
    with taskfarm_server.farm() as farm:
        yield farm


def test_the_child_of_a_slot_that_closes_ends_and_another_takes_its_place(
    farm: Farm, tmp_path: Path
) -> None:
    here = str(tmp_path)

    def compute(value: int) -> int:
        Path(here, f"begun-{value}").write_text(str(os.getpid()))
        ends_at = time.monotonic() + 60
        while not Path(here, f"go-{value}").exists() and time.monotonic() < ends_at:
            time.sleep(0.02)
        return value

    def pids() -> set[int]:
        return {int(text) for path in tmp_path.glob("begun-*") if (text := path.read_text())}

    def let_end() -> None:
        for path in tmp_path.glob("begun-*"):
            (tmp_path / path.name.replace("begun", "go")).touch()

    folder = tmp_path / "folder"
    farm.prepare(compute, range(6), folder=folder, chunk=1)
    jobs = Jobs(2)
    thread = threading.Thread(target=joined, args=(folder, farm, jobs, {}))
    thread.start()
    wait_until(lambda: len(pids()) == 2)
    first = pids()
    jobs.change(0)
    let_end()
    wait_until(lambda: not alive(first))
    jobs.change(2)
    wait_until(lambda: len(pids()) == 4)
    jobs.change(1)
    let_end()
    wait_until(lambda: len(alive(pids())) == 1 and len(list(tmp_path.glob("begun-*"))) == 5)
    let_end()
    wait_until(lambda: len(list(tmp_path.glob("begun-*"))) == 6)
    let_end()
    thread.join(NET_S)
    assert not thread.is_alive()
    assert list(results(folder).values()) == list(range(6))
