"""Chunks on a real Slurm: workers share a log, and the next array goes on with what is open."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from taskfarm_cli.work.commands.kept_items import records
from tests.support.processes import wait_until
from tests.support.slurm_cluster import Cluster
from tests.support.slurm_work import RunOf, Submit

pytestmark = [pytest.mark.live, pytest.mark.slurm, pytest.mark.timeout(300)]

NUM_ITEMS, CHUNK = 60, 10
# Notes its item at its end, whatever signal comes.
NOTING = "trap '' TERM INT; sleep 0.1; echo {item} >> seen"


def test_after_an_array_was_cancelled_the_next_repeats_no_item(
    cluster: Cluster, submit: Submit, run_of: RunOf, folder: Path
) -> None:
    run = run_of(NUM_ITEMS // CHUNK)
    (folder / "inputs").write_text("".join(f"{number}\n" for number in range(NUM_ITEMS)))
    seen = folder / "seen"
    seen.touch()
    words = ("2", run.uuid, "-j1", "--time", "5", "--inputs", "inputs", "--chunk", str(CHUNK))
    kept = ("--log", "kept", "--shell", "--", NOTING)
    submitted = submit(*words, *kept)
    assert submitted.returncode == 0, submitted.stderr
    first = submitted.stdout.strip()
    wait_until(lambda: len(seen.read_text().split()) >= NUM_ITEMS // 3)
    cluster.run("scancel", first)
    wait_until(lambda: run.status().computing == 0)
    assert not run.status().finished
    second = submit(*words, *kept).stdout.strip()
    wait_until(lambda: cluster.jobs(second) == [("0", "COMPLETED"), ("1", "COMPLETED")])
    assert run.status().succeeded
    assert Counter(map(int, seen.read_text().split())) == Counter(range(NUM_ITEMS))
    assert {record.item for record in records("kept") if record.exit == 0} == set(range(NUM_ITEMS))
