"""workTF --join --slurm on a real Slurm: arrays of workers that share a results folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from taskfarm_sdk import Farm, results
from tests.support.processes import wait_until
from tests.support.slurm_cluster import Cluster
from tests.support.slurm_work import HASTY_KEEP, Submit, keeping, read_output

pytestmark = [pytest.mark.live, pytest.mark.slurm, pytest.mark.timeout(300)]

ITEMS = 20


def test_an_array_computes_the_open_items_of_a_folder_and_names_the_failed_ones(
    cluster: Cluster, submit: Submit, saved_farm: Farm, folder: Path
) -> None:
    mended = folder / "mended"

    def compute(value: int) -> int:
        if value == 7 and not mended.exists():
            raise ValueError(f"no {value}")
        return 2 * value

    run = saved_farm.prepare(compute, range(ITEMS), folder="re sults", chunk=3)
    words = ("2", "--join", "re sults", "-j2", "--time", "5", "--max-attempts", "1")
    done = submit(*words)
    assert done.returncode == 0, done.stderr
    job = done.stdout.strip()
    wait_until(lambda: {state for _, state in cluster.jobs(job)} == {"FAILED"})
    found = results(folder / "re sults")
    assert (list(found.failed), list(found.missing)) == ([7], [])
    assert "1 item failed: 7" in read_output(folder)
    # The run is finished, and its failed items are tried again by whoever asks for it.
    mended.touch()
    done = submit(*words)
    assert "1 item without results will be computed" in done.stderr
    job = done.stdout.strip()
    wait_until(lambda: {state for _, state in cluster.jobs(job)} == {"COMPLETED"})
    assert list(found.values()) == [2 * value for value in range(ITEMS)]
    done = submit(*words)
    assert (done.returncode, done.stdout) == (0, "")
    assert "20 of 20 items have results" in done.stderr
    run.delete()


def test_kept_workers_are_replaced_until_all_items_have_results(
    cluster: Cluster, saved_farm: Farm, folder: Path
) -> None:
    go = folder / "go"

    def compute(value: int) -> int:
        wait_until(go.exists)
        return 2 * value

    run = saved_farm.prepare(compute, range(ITEMS), folder="results", chunk=4)
    with keeping("2", "--join", "results", program=HASTY_KEEP) as kept:
        wait_until(lambda: run.status().computing == 2)
        cluster.run("scancel", "--signal=KILL", kept.jobs[0])
        wait_until(lambda: len(kept.jobs) >= 2)
        go.touch()
        assert kept.end() == 0, kept.said
    assert "results: 20 of 20 items have results" in kept.said
    assert list(results(folder / "results").values()) == [2 * value for value in range(ITEMS)]
    run.delete()


def test_a_dry_run_prints_the_script_with_the_whole_path(
    submit: Submit, saved_farm: Farm, folder: Path
) -> None:
    run = saved_farm.prepare(abs, range(3), folder="results", chunk=1)
    done = submit("2", "--join", "results", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert f"--join={folder}/results".replace("'", "'\"'\"'") in done.stdout
    assert run.status().waiting == 3
    run.delete()
