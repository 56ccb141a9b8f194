"""What a journal tells: states, rates, durations, causes and workers, in bounded memory."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from taskfarm_cli.outcomes.attempt import attempt_of
from taskfarm_cli.outcomes.states import MOST_TASKS
from taskfarm_cli.report import hosts as hosts_module
from taskfarm_cli.report.causes import MOST_CAUSES, Causes, cause_of
from taskfarm_cli.report.facts import MOST_SLOWEST, JournalFacts
from taskfarm_cli.report.failed import MOST_FAILED
from taskfarm_cli.report.hosts import MOST_HOSTS, MOST_LABEL_BYTES, MOST_ROWS, OTHER_HOSTS, Hosts
from tests.support.journals import START_S, facts, failure


def gathered(*lines: dict[str, Any], num_tasks: int = 1000) -> JournalFacts:
    found = JournalFacts(num_tasks)
    found.add_all(attempt_of(line) for line in lines)
    return found


def test_a_run_of_more_tasks_than_fit_into_memory_has_no_grid() -> None:
    assert gathered(facts(0), num_tasks=MOST_TASKS + 1).states is None
    assert gathered(failure(5, "no", final=True), num_tasks=MOST_TASKS + 1).failed.for_good()


def test_the_throughput_counts_each_completion() -> None:
    found = gathered(*(facts(n, begins_s=n / 2) for n in range(400)))
    points = found.throughput()
    width_s = points[1][0] - points[0][0]
    assert sum(rate * width_s for _, rate in points) == pytest.approx(400, rel=0.01)
    assert points[len(points) // 2][1] == pytest.approx(2, rel=0.2)


def test_without_completions_there_is_no_throughput() -> None:
    assert gathered(failure(0, "no")).throughput() == []


def test_the_slowest_are_named_in_order() -> None:
    found = gathered(*(facts(n, took_s=float(n % 50)) for n in range(100)))
    slowest = found.slowest()
    assert len(slowest) == MOST_SLOWEST
    assert [attempt.task for attempt in slowest[:4]] == [49, 99, 48, 98]


def test_an_attempt_that_ended_before_it_began_has_no_duration() -> None:
    found = gathered(facts(0, took_s=-3.0), facts(1))
    assert len(found.durations_s) == 1
    assert found.hosts.hosts[0].busy_s == 1


def test_tasks_that_were_completed_later_have_not_failed_for_good() -> None:
    found = gathered(
        failure(0, "no", final=True), facts(0, begins_s=60), failure(1, "no", final=True)
    )
    assert [attempt.task for attempt in found.failed.for_good()] == [1]


def test_of_many_failed_tasks_the_first_are_kept_and_all_are_counted() -> None:
    found = gathered(*(failure(n, f"no {n}", final=True) for n in range(500)))
    assert len(found.failed.for_good()) == MOST_FAILED
    assert found.states is not None
    assert found.states.failed == 500
    (cause,) = found.causes.most_frequent()
    assert (cause.count, len(cause.where)) == (500, 10)


def test_failed_attempts_at_tasks_that_were_completed_later_are_kept() -> None:
    found = gathered(
        failure(0, "early", begins_s=0, attempt=1),
        failure(0, "late", begins_s=10, attempt=2),
        facts(0, begins_s=60, attempt=3),
        failure(1, "final", final=True),
        failure(2, "reset", final=True),
        facts(2, begins_s=60),
        failure(3, "open"),
    )
    assert [(one.task, one.message) for one in found.failed.others()] == [
        (0, "late"),
        (2, "reset"),
        (3, "open"),
    ]
    assert found.states is not None
    assert found.states.failed_before == 3
    assert [found.states.is_done(task) for task in (0, 2, 3)] == [True, True, False]


def test_of_many_failed_attempts_those_of_completed_tasks_are_kept_first() -> None:
    # The few are completed by a host whose file is read first.
    count = 10 * MOST_FAILED
    found = gathered(
        *(facts(n, begins_s=60, attempt=2) for n in range(count - 5, count)),
        *(failure(n, f"no {n}") for n in range(count)),
        num_tasks=count,
    )
    assert {one.task for one in found.failed.others()} >= set(range(count - 5, count))
    assert found.states is not None
    assert found.states.failed_before == count


def test_tasks_that_were_reset_leave_room_for_those_that_failed_for_good() -> None:
    reset = (failure(n, "no", final=True) for n in range(MOST_FAILED))
    done = (facts(n, begins_s=60) for n in range(MOST_FAILED))
    found = gathered(*reset, *done, failure(900, "last", final=True))
    assert [one.task for one in found.failed.for_good()] == [900]
    assert len(found.failed.others()) == MOST_FAILED


class TestCauses:
    def test_what_differs_in_numbers_and_inputs_has_one_cause(self) -> None:
        causes = Causes()
        causes.add(1, "exit status 3; its input: a.txt; its output: out/1/stdout", 3)
        causes.add(2, "exit status 3; its input: b.txt", 3)
        causes.add(3, "bad value 17 at 0x7ffe")
        causes.add(4, "bad value 2.5 at 0x1234\nTraceback: line 5")
        shown = [(one.example, one.count, one.where) for one in causes.most_frequent()]
        assert shown == [
            ("exit status 3", 2, [1, 2]),
            ("bad value 17 at 0x7ffe", 2, [3, 4]),
        ]

    def test_other_exit_statuses_are_other_causes(self) -> None:
        causes = Causes()
        causes.add(1, "exit status 3", 3)
        causes.add(2, "exit status 4", 4)
        assert len(causes.most_frequent()) == 2

    def test_causes_beyond_a_limit_are_counted_together(self) -> None:
        causes = Causes()
        words = itertools.product("abcdefghij", repeat=3)
        for letters in itertools.islice(words, MOST_CAUSES + 30):
            causes.add(0, f"cause {''.join(letters)}")
        assert len(causes.most_frequent()) == MOST_CAUSES
        assert causes.others == 30

    def test_a_long_message_is_shortened(self) -> None:
        assert len(cause_of("x" * 10_000)) == 300
        assert cause_of(" \n ") == "no message"


def by(worker: int, host: str, **other: Any) -> dict[str, Any]:
    return facts(0, worker=f"{worker:032x}", host=host, pid=worker, **other)


class TestHosts:
    def add(self, *lines: dict[str, Any]) -> Hosts:
        found = Hosts()
        for line in lines:
            found.add(attempt_of(line))
        return found

    def test_few_workers_have_a_row_each(self) -> None:
        found = self.add(
            by(1, "node1.cluster.invalid", took_s=60),
            by(2, "node2", took_s=30, slurm_job=77),
            by(1, "node1.cluster.invalid", took_s=60),
        )
        rows, left_out = found.rows(START_S, START_S + 60)
        assert [row.name for row in rows] == ["node1 · 1", "node2 · 2 · job 77"]
        assert left_out == 0
        # Two attempts at once for a minute, and one for half of it.
        assert rows[0].busy == pytest.approx([2.0] * 120)
        assert sum(rows[1].busy) == pytest.approx(60, rel=0.05)

    def test_many_workers_are_shown_by_host_and_nothing_is_lost(self) -> None:
        lines = [by(n, f"node{n % 3}", took_s=10) for n in range(MOST_ROWS * 3)]
        found = self.add(*lines)
        assert not found.shows_workers
        rows, _ = found.rows(START_S, START_S + 10)
        assert [row.name for row in rows] == ["node0", "node1", "node2"]
        assert rows[0].busy == pytest.approx([float(MOST_ROWS)] * 120, rel=0.02)
        assert [host.attempts for host in found.hosts] == [MOST_ROWS] * 3
        assert sum(host.busy_s for host in found.hosts) == pytest.approx(10 * len(lines))
        assert found.num_workers == f"{MOST_ROWS * 3} workers"

    def test_a_long_name_is_cut_in_its_label(self) -> None:
        found = self.add(by(1, "x" * 250))
        assert [row.name for row in found.rows(START_S, START_S + 1)[0]] == [
            f"{'x' * (MOST_LABEL_BYTES - 3)}… · 1"
        ]

    def test_the_busiest_of_many_hosts_have_rows(self) -> None:
        lines = [by(n, f"n{n:04}", took_s=float(n)) for n in range(1, MOST_ROWS + 11)]
        rows, left_out = self.add(*lines).rows(START_S, START_S + 100)
        assert (len(rows), left_out) == (MOST_ROWS, 10)
        assert rows[0].name == "n0011"

    def test_hosts_beyond_a_limit_are_counted_together(self) -> None:
        found = self.add(*(by(n, f"n{n}") for n in range(MOST_HOSTS + 50)))
        assert len(found.hosts) == MOST_HOSTS + 1
        (rest,) = [host for host in found.hosts if host.name == OTHER_HOSTS]
        assert rest.attempts == 50

    def test_workers_beyond_a_limit_are_no_longer_told_apart(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(hosts_module, "MOST_WORKERS", 70)
        found = self.add(*(by(n, "node1") for n in range(100)))
        assert found.num_workers == "at least 70 workers"
