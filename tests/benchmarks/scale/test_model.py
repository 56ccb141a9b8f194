"""The simulation behind docs/explanation/scale.md, where its result can be worked out by hand."""

from __future__ import annotations

import random

import attrs
import pytest

from benchmarks.scale.model import Costs, Plan, tasks_per_s

COSTS = Costs(
    claim_before=2.0,
    claim_locked=3.0,
    claim_after=1.0,
    claim_database=2.0,
    count_per_row=0.0001,
    complete=3.0,
    complete_database=1.0,
    client=4.0,
)
ROOMY = Plan(workers=32, cores=64, processes=32)


def rate(plan: Plan) -> float:
    return tasks_per_s(COSTS, plan, random.Random(1))


def test_one_worker_waits_for_nobody() -> None:
    assert rate(Plan(workers=1)) == pytest.approx(1000 / 16, rel=0.05)


def test_a_tasks_length_adds_to_what_it_costs() -> None:
    assert rate(Plan(workers=1, task_s=0.1)) == pytest.approx(1000 / 116, rel=0.05)


def test_one_run_ends_at_its_lock_and_four_go_on() -> None:
    one, four = rate(ROOMY), rate(attrs.evolve(ROOMY, runs=4))
    assert one == pytest.approx(1000 / 5, rel=0.1)
    assert four > 3.5 * one


def test_existing_tasks_are_counted_under_the_lock() -> None:
    assert rate(attrs.evolve(ROOMY, existing=1_000_000)) == pytest.approx(1000 / 105, rel=0.1)


def test_on_two_cores_with_all_workers_the_cores_end_first() -> None:
    busy = Plan(workers=32, runs=8, cores=2, processes=32, clients_beside=True)
    assert rate(busy) == pytest.approx(2 * 1000 / 16, rel=0.1)


def test_servers_share_nothing() -> None:
    one = rate(ROOMY)
    four = rate(attrs.evolve(ROOMY, workers=128, servers=4, runs=4))
    assert four == pytest.approx(4 * one, rel=0.1)
