"""Several hosts: one is cut off and comes back, one loses its power, and every task is done."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.programs import fleet_worker
from tests.support.engines import leave_out_unless_required
from tests.support.farm_of_hosts import HostedFarm
from tests.support.hosts import Host, hosts
from tests.support.processes import NET_S, wait_until
from tests.support.programs import ROOT

pytestmark = [pytest.mark.live, pytest.mark.netns, pytest.mark.timeout(300)]

WORK = (sys.executable, "-m", "tests.programs.hasty_work_tf")
JOBS = 2
# In the proportions of the real ones, which are 10, 2, 30 and 120 s.
TIMES = {
    "timeout_s": 0.8, "rest_s": 1.0, "first_beat_s": 0.3, "heartbeat_s": 0.5,
    "stale_after_s": 3.0, "unleased_after_s": 3.0,
}  # fmt: skip
# Notes when it begins and when it ends, and takes until the gate is open.
COMMAND = (
    'echo {task} >>"$NOTES.begun"; sleep 0.3; '
    'until [ -e "$GATE" ]; do sleep 0.05; done; echo {task} >>"$NOTES.ended"'
)


@pytest.fixture
def machines() -> Iterator[list[Host]]:
    """The server's host, and three for workers."""
    leave_out_unless_required("several hosts")
    with hosts(4) as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TASKFARM_CONFIG", str(tmp_path / "config"))
    return tmp_path


class WorkTF(NamedTuple):
    """A workTF on a host."""

    host: Host
    process: subprocess.Popen[str]
    notes: Path

    def began(self) -> Counter[int]:
        """How often it began each task's command."""
        return _counted(self.notes.with_suffix(".begun"))

    def ended(self) -> Counter[int]:
        """How often each task's command ran to its end."""
        return _counted(self.notes.with_suffix(".ended"))

    def has_in_hand(self) -> set[int] | None:
        """The tasks whose commands run, if those are as many as it computes at a time."""
        begun = set(self.began() - self.ended())
        return begun if len(begun) == JOBS else None

    def said(self) -> str:
        """What it wrote to stderr."""
        return self.notes.with_suffix(".err").read_text()


def _counted(path: Path) -> Counter[int]:
    return Counter(int(line) for line in path.read_text().split()) if path.exists() else Counter()


def work_on(host: Host, farm: HostedFarm, folder: Path, gate: Path, **patience_s: float) -> WorkTF:
    """Start a workTF on a host, whose commands end once the gate's file is there."""
    notes = folder / host.address.replace(".", "-")
    env = {
        **farm.env, "NOTES": str(notes), "GATE": str(gate),
        "TOLD": json.dumps({**TIMES, **patience_s}), "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    words = [*WORK, farm.run, "-j", JOBS, "--shell", "--", COMMAND]
    with notes.with_suffix(".err").open("w") as err:
        return WorkTF(host, host.start(words, env, stderr=err), notes)


def test_every_task_is_done_when_one_host_is_cut_off_and_another_loses_its_power(
    machines: list[Host], folder: Path
) -> None:
    num_tasks = 60
    farm = HostedFarm(machines[0], folder, num_tasks)
    opened, shut = folder / "opened", folder / "shut"
    cut = work_on(machines[1], farm, folder, shut)
    wait_until(lambda: cut.began().total() == JOBS)
    held_by_cut = farm.held_by(cut.process.pid)
    assert held_by_cut == set(cut.began())
    lost = work_on(machines[2], farm, folder, opened)
    last = work_on(machines[3], farm, folder, opened)
    # Neither does the other's part, however late it starts, and they are not done too soon.
    wait_until(lambda: all(one.began().total() == JOBS for one in (lost, last)))
    opened.touch()
    wait_until(lambda: all(one.ended().total() >= JOBS for one in (lost, last)))
    opened.unlink()
    # Each command of the lost host has been reported, or is under way.
    wait_until(lambda: lost.has_in_hand() == farm.held_by(lost.process.pid))
    wait_until(lambda: set(lost.ended()) <= farm.in_state("done"))

    cut.host.cut_off()
    lost.host.power_off()
    opened.touch()
    held_by_lost = farm.held_by(lost.process.pid)
    wait_until(lambda: held_by_cut | held_by_lost <= set(last.ended()))
    wait_until(lambda: held_by_cut <= farm.in_state("done"))
    cut.host.join()
    wait_until(lambda: cut.said().count("was taken over") == JOBS)
    shut.touch()

    assert cut.process.wait(NET_S) == 0, cut.said()
    assert last.process.wait(NET_S) == 0, last.said()
    assert farm.rows() == [(number, "done", 100.0) for number in range(num_tasks)]
    assert farm.spoiled() == []
    everywhere = [cut, lost, last]
    ended = sum((one.ended() for one in everywhere), Counter[int]())
    assert sorted(ended) == list(range(num_tasks))
    # Nobody else's work was done again: not what the lost host had finished, not the last one's.
    twice = {number for number, times in ended.items() if times > 1}
    assert held_by_cut <= twice
    # A command may have ended just as the power went, with no time to say so.
    assert twice - held_by_cut <= held_by_lost & set(lost.ended())
    began = sum((one.began() for one in everywhere), Counter[int]())
    assert began.total() - num_tasks <= len(held_by_cut) + len(held_by_lost)
    assert len(held_by_lost) <= JOBS


def test_a_cut_that_is_over_in_time_costs_no_task_twice(machines: list[Host], folder: Path) -> None:
    num_tasks = 40
    farm = HostedFarm(machines[0], folder, num_tasks)
    opened, shut = folder / "opened", folder / "shut"
    patient = {"stale_after_s": 60.0, "unleased_after_s": 60.0}
    # A hand-out whose reply comes late would be waited for as long.
    cut = work_on(machines[1], farm, folder, shut, **patient, timeout_s=5.0)
    wait_until(lambda: cut.began().total() == JOBS)
    cut.host.cut_off()
    others = [
        work_on(host, farm, folder, opened, **patient, timeout_s=NET_S) for host in machines[2:]
    ]
    wait_until(lambda: all(one.began() for one in others))
    opened.touch()
    wait_until(lambda: all(one.ended() for one in others) and len(farm.in_state("done")) > 10)
    cut.host.join()
    shut.touch()
    for one in [cut, *others]:
        assert one.process.wait(NET_S) == 0, one.said()
    began = sum((one.began() for one in [cut, *others]), Counter[int]())
    assert began == Counter(range(num_tasks))
    assert farm.rows() == [(number, "done", 100.0) for number in range(num_tasks)]
    assert farm.spoiled() == []


@pytest.mark.nginx
def test_what_a_host_had_on_the_way_when_it_was_cut_off_spoils_no_finished_task(
    machines: list[Host], folder: Path
) -> None:
    """Reports that it sends into the cut cable wait in its kernel, to go out when it is back."""
    farm = HostedFarm(machines[0], folder, 30)
    farm.put_nginx_before_it(folder)
    gate = folder / "gate"
    told = {
        "url": farm.url, "token": farm.token, "run": farm.run, "task_s": 0.5, "updates": 20,
        "report_every_s": 0.02, "timeout_s": 0.8, "stale_after_s": 3.0, "unleased_after_s": 3.0,
    }  # fmt: skip

    def start(host: Host, name: str, **more: object) -> subprocess.Popen[str]:
        with (folder / name).open("w") as out, (folder / f"{name}.err").open("w") as err:
            return host.start(
                [sys.executable, fleet_worker.__file__],
                {"TOLD": json.dumps({**told, **more}), "PYTHONPATH": str(ROOT)},
                stdout=out,
                stderr=err,
            )

    # It computes one long task that reports all the time, and is not over while it is cut off.
    long = {"task_s": 600.0, "updates": 2000, "until": str(gate), "report_every_s": 0.4}
    cut = [start(machines[1], f"cut{n}", **long) for n in range(4)]
    held = [set[int]() for _ in cut]

    def all_hold() -> bool:
        held[:] = [farm.held_by(process.pid) for process in cut]
        return all(held)

    wait_until(all_hold)
    others = [start(host, host.name) for host in machines[2:]]
    machines[1].cut_off()
    wait_until(lambda: set[int]().union(*held) <= farm.in_state("done"))
    machines[1].join()
    wait_until(lambda: machines[1].unsent() == 0)
    gate.touch()
    assert [process.wait(NET_S) for process in [*cut, *others]] == [0] * 6
    assert farm.rows() == [(number, "done", 100.0) for number in range(30)]
    assert farm.spoiled() == []
