"""The number of CPUs that a process may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from taskfarm_sdk._processes import cpus
from taskfarm_sdk._processes.cpus import cgroup_cpus, usable_cpus


@pytest.fixture(autouse=True)
def _no_slurm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLURM_CPUS_PER_TASK", raising=False)


def with_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    (tmp_path / "membership").write_text("0::/\n")
    (tmp_path / "cpu.max").write_text(limit)
    monkeypatch.setattr(cpus, "_PROC", tmp_path / "membership")
    monkeypatch.setattr(cpus, "_CGROUPS", tmp_path)


def test_slurms_word_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "96")
    assert usable_cpus() == 96


@pytest.mark.parametrize("odd", ["", "0", "-3", "many", "2(x3)"])
def test_an_odd_word_of_slurms_is_passed_over(monkeypatch: pytest.MonkeyPatch, odd: str) -> None:
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", odd)
    assert 1 <= usable_cpus() <= (os.cpu_count() or 1)


def test_only_the_cpus_that_the_process_may_run_on_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_limit(tmp_path, monkeypatch, "max 100000\n")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {2, 5, 7}, raising=False)
    assert usable_cpus() == 3


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        pytest.param("150000 100000\n", 2, id="rounded-up"),
        pytest.param("20000 100000\n", 1, id="less-than-one"),
        pytest.param("max 100000\n", 8, id="none"),
        pytest.param("nonsense\n", 8, id="nonsense"),
    ],
)
def test_a_cgroups_limit_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, expected: int
) -> None:
    with_limit(tmp_path, monkeypatch, limit)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    assert usable_cpus() == expected


def test_the_tightest_limit_of_the_groups_above_counts(tmp_path: Path) -> None:
    membership = tmp_path / "membership"
    membership.write_text("0::/slice/job\n")
    job = tmp_path / "root" / "slice" / "job"
    job.mkdir(parents=True)
    (job / "cpu.max").write_text("400000 100000")
    (job.parent / "cpu.max").write_text("200000 100000")
    assert cgroup_cpus(membership, tmp_path / "root") == 2


@pytest.mark.parametrize("folder", ["cpu", "cpu,cpuacct"])
def test_version_1_counts_though_the_path_is_the_hosts(tmp_path: Path, folder: str) -> None:
    membership = tmp_path / "membership"
    membership.write_text("4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n")
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "cpu.cfs_quota_us").write_text("300000\n")
    (tmp_path / folder / "cpu.cfs_period_us").write_text("100000\n")
    assert cgroup_cpus(membership, tmp_path) == 3


def test_version_1_without_a_limit_has_none(tmp_path: Path) -> None:
    membership = tmp_path / "membership"
    membership.write_text("3:cpu:/\n")
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("-1\n")
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    assert cgroup_cpus(membership, tmp_path) > 10**6


def test_without_cgroups_there_is_no_limit(tmp_path: Path) -> None:
    assert cgroup_cpus(tmp_path / "none", tmp_path) > 10**6
