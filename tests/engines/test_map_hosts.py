"""`Farm.map` on several hosts, in one folder, on PostgreSQL: begun at once, cut off, and lost."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from taskfarm_sdk import results
from taskfarm_sdk._items.chunks import Chunks
from taskfarm_sdk._results.writer import FLUSH_S
from tests.programs import map_script
from tests.support.engines import leave_out_unless_required
from tests.support.farm_of_hosts import FleetFarm
from tests.support.hosts import Host, hosts
from tests.support.maps import calls_in
from tests.support.postgresql import PostgreSQL
from tests.support.processes import NET_S, wait_until
from tests.support.programs import ROOT
from tests.support.told import VARIABLE

pytestmark = [
    pytest.mark.live,
    pytest.mark.netns,
    pytest.mark.postgres,
    pytest.mark.timeout(300),
]

ITEMS, CHUNK, ITEM_S = 600, 10, 0.02
VALUES = [2 * item for item in range(ITEMS)]
CHILDREN = 2


@pytest.fixture
def machines() -> Iterator[list[Host]]:
    """The server's host, and three for workers."""
    leave_out_unless_required("several hosts")
    with hosts(4) as made:
        yield made


@pytest.fixture
def farm(
    machines: list[Host],
    tmp_path: Path,
    postgres: PostgreSQL,
    database: str,
    monkeypatch: pytest.MonkeyPatch,
) -> FleetFarm:
    """A server on the first host."""
    monkeypatch.setenv("TASKFARM_CONFIG", str(tmp_path / "config"))
    return FleetFarm(machines[0], tmp_path, postgres, database)


class Program(NamedTuple):
    """A program that maps, on a host."""

    process: subprocess.Popen[str]
    calls: Path
    out: Path
    err: Path

    def made(self) -> Counter[int]:
        """How often it called its function with each item."""
        return calls_in(self.calls)

    def has_finished(self) -> None:
        """Wait until it has all values."""
        assert self.process.wait(NET_S) == 0, self.err.read_text()
        assert self.out.read_text().split() == [str(sum(VALUES))]


def machine_name(host: Host) -> str:
    """Return the name of a host's namespace without what no name of a machine may have."""
    return host.name.replace("_", "0")


def program_on(host: Host, farm: FleetFarm, tmp_path: Path, number: int = 0) -> Program:
    """Start a program on a host, which has a name of its own too."""
    base = tmp_path / f"{host.name}-{number}"
    (calls := base / "calls").mkdir(parents=True)
    told = {
        "url": farm.url, "token": farm.token, "folder": str(tmp_path / "results"),
        "calls": str(calls), "items": ITEMS, "chunk": CHUNK, "item_s": ITEM_S,
    }  # fmt: skip
    # Processes of one host tell by its name whether the creator of a run was killed.
    named = ["unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"', machine_name(host)]
    with (base / "out").open("w") as out, (base / "err").open("w") as err:
        process = host.start(
            [*named, sys.executable, map_script.__file__],
            {VARIABLE: json.dumps(told), "PYTHONPATH": str(ROOT)},
            stdout=out,
            stderr=err,
        )
    return Program(process, calls, base / "out", base / "err")


def test_programs_of_several_hosts_that_begin_at_once_make_one_run_and_share_it(
    machines: list[Host], farm: FleetFarm, tmp_path: Path
) -> None:
    programs = [
        program_on(host, farm, tmp_path, number) for number in range(2) for host in machines[1:]
    ]
    for program in programs:
        program.has_finished()
    assert len(farm.runs()) == 1
    assert list(results(tmp_path / "results").values()) == VALUES
    made = sum((program.made() for program in programs), Counter[int]())
    assert made == Counter(range(ITEMS))
    files = [path.name for path in (tmp_path / "results").glob("*.results1")]
    assert {name.rpartition("-host")[0] for name in files} == {
        machine_name(machines[0]).removesuffix("-host1")
    }


def test_a_host_that_is_cut_off_and_one_without_power_cost_their_open_chunks_alone(
    machines: list[Host], farm: FleetFarm, tmp_path: Path
) -> None:
    cut, lost, last = [program_on(host, farm, tmp_path) for host in machines[1:]]
    wait_until(lambda: all(one.made().total() >= 2 * CHUNK for one in (cut, lost, last)))
    machines[1].cut_off()
    held_by_cut = farm.held_by(cut.process.pid)
    machines[2].power_off()
    held_by_lost = farm.held_by(lost.process.pid)
    # A request that was on its way at the cut may have been answered since.
    held_by_cut |= farm.held_by(cut.process.pid)
    before = cut.made() + lost.made()
    wait_until(lambda: held_by_cut | held_by_lost <= farm.in_state("done"))
    machines[1].join()
    last.has_finished()
    cut.has_finished()
    assert farm.in_state("done") == set(range(ITEMS // CHUNK))
    assert list(results(tmp_path / "results").values()) == VALUES
    made = cut.made() + lost.made() + last.made()
    assert set(made) == set(range(ITEMS))
    chunks = Chunks.cut(ITEMS, CHUNK)
    repeated = {chunks.task_of(item) for item, times in made.items() if times > 1}
    assert repeated <= held_by_cut | held_by_lost
    # Of what the lost host had computed, only what was not yet written is computed again.
    again = [item for item in before if made[item] > 1 and chunks.task_of(item) in held_by_lost]
    assert len(again) <= CHILDREN * (int(FLUSH_S / ITEM_S) + 2)
