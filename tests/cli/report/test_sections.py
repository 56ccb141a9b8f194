"""The page: charts and tables, escaped, self-contained and small, whatever a journal holds."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import attrs
import pytest

from taskfarm_cli.outcomes.item_facts import ItemFact
from taskfarm_cli.report import sections
from taskfarm_cli.report.facts import read_journal
from taskfarm_cli.report.items import ItemFacts
from taskfarm_cli.report.markup import clipped
from taskfarm_cli.report.page import page
from taskfarm_cli.report.scan import TaskFacts
from taskfarm_sdk import RunStatus, TaskInfo
from taskfarm_sdk._items.chunks import Chunks
from tests.support.journals import RUN, START_S, facts, failure, iso, write
from tests.support.markup import assert_self_contained

NASTY = "<script>alert(1)</script>\"'&\u202e\x1b[31m"


def status(num_tasks: int = 100, **other: Any) -> RunStatus:
    counts: dict[str, Any] = {"waiting": 0, "computing": 0, "done": num_tasks, "failed": 0}
    return RunStatus(num_tasks=num_tasks, percent_done=100.0, **{**counts, **other})


def shown(folder: Path, its: RunStatus) -> str:
    """Return the text of the page of a journal."""
    html = page("Run", ["note"], [of_journal(folder, its)])
    return assert_self_contained(html).text


def of_journal(folder: Path, its: RunStatus) -> str:
    return sections.of_journal(*read_journal(folder, RUN, its.num_tasks), its)


def test_what_the_server_does_not_tell_is_unknown_and_not_zero() -> None:
    text = assert_self_contained(sections.of_server(status(waiting=1, done=99, failed=None))).text
    assert "of these failedunknown until the run is finished" in text
    assert "an unknown number of them failed" in text
    ended = assert_self_contained(sections.of_server(status(failed=None))).text
    assert "of these failedunknown" in ended
    assert "until" not in ended


def test_items_are_counted_where_a_task_has_several(tmp_path: Path) -> None:
    its, chunks = status(10, done=5, waiting=5, failed=None), Chunks(items=995, tasks=10)
    text = assert_self_contained(sections.of_server(attrs.evolve(its, percent_done=50.0), chunks))
    assert "About 500 of 995 items done." in text.text
    folder = write(tmp_path / "j", *(facts(task, begins_s=task) for task in range(5)))
    facts_and_reader = read_journal(folder, RUN, 10)
    drawn = assert_self_contained(sections.of_journal(*facts_and_reader, its, chunks)).text
    assert "items were completed at a mean rate of" in drawn
    assert "items" not in shown(folder, its)
    assert "items" not in assert_self_contained(sections.of_server(its)).text


def test_a_journal_of_nasty_texts_makes_a_harmless_page(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "j",
        facts(0, host=NASTY),
        failure(1, f"{NASTY}\nTraceback {NASTY}", final=True, host=NASTY, failed_items=[10, 11]),
    )
    html = page(NASTY, [NASTY], [of_journal(folder, status())])
    parsed = assert_self_contained(html)
    assert "\x1b" not in html
    assert "\u202e" not in html
    assert parsed.text.count("<script>alert(1)</script>") >= 5
    assert "10, 11" in parsed.text
    assert ("http-equiv", "Content-Security-Policy") in parsed.attributes
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in parsed.attributes


def test_each_section_says_in_words_what_its_charts_show(tmp_path: Path) -> None:
    lines = [facts(n, begins_s=n / 10, took_s=0.5 + n / 100) for n in range(60)]
    lines += [failure(n, f"exit status 3; its input: {n}", begins_s=-9.0) for n in range(3)]
    text = shown(write(tmp_path / "j", *lines), status(60))
    for said in (
        "tasks were completed at a mean rate of",
        "1 row shows who computed tasks",
        "1 worker on 1 host ended attempts.",
        "60 completed attempts took from 0.5 s to 1.09 s",
        "Of 60 tasks: 60 done.",
        "Attempts by outcome",
        "Completed tasks by attempt",
        "Failures by cause",
        "Slowest completed attempts",
        "The journal holds 63 attempts of this run.",
    ):
        assert said in text


def test_damage_other_runs_and_wrong_clocks_are_told(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "j",
        facts(0),
        facts(1, begins_s=-3600, server_end=iso(START_S)),
        facts(2, run="b" * 32),
        b"torn\n",
        b'{"torn',
    )
    text = shown(folder, status(100, done=50, waiting=50, failed=None))
    assert "2 damaged or torn lines were passed over." in text
    assert "1 line of another run was left out." in text
    assert "1 attempt has times of a wrong clock, corrected by the server's." in text
    assert "By the journal 2 tasks are done or failed, and by the server 50" in text
    assert "98 unknown" in text


def test_a_journal_without_attempts_says_so(tmp_path: Path) -> None:
    assert "The journal holds 0 attempts of this run." in shown(write(tmp_path / "j"), status())


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({"waiting": 99, "done": 1}, "99 waiting."),
        ({"computing": 99, "done": 1}, "99 computing."),
        ({"waiting": 50, "computing": 49, "done": 1}, "99 waiting or computing."),
    ],
)
def test_open_tasks_have_the_state_that_the_server_tells(
    tmp_path: Path, counts: dict[str, int], said: str
) -> None:
    text = shown(write(tmp_path / "j", facts(0)), status(100, failed=None, **counts))
    assert f"Of 100 tasks: 1 done, {said}" in text


def test_the_page_of_a_large_run_is_small_and_says_what_it_leaves_out(tmp_path: Path) -> None:
    lines = []
    for n in range(3000):
        host: dict[str, Any] = {
            "host": f"node{n % 150:03}.cluster.invalid",
            "pid": n,
            "worker": f"{n:032x}",
        }
        kind = {0: "completed", 1: "failed for good", 2: "released"}[n % 3]
        message = f"cause {n % 900} {'abcdefghij'[n % 10] * 400}" if n % 3 == 1 else None
        lines.append(facts(n * 300, begins_s=n, outcome=kind, message=message, **host))
    folder = write(tmp_path / "j", *lines)
    its = status(1_000_000, waiting=998_000, done=2000, failed=None)
    html = page("Run", [], [of_journal(folder, its)])
    assert len(html.encode()) < 500_000
    text = assert_self_contained(html).text
    assert "Tasks that failed for good: 200 of 1,000" in text
    assert "Hosts, the busiest first: 64 of 150" in text
    assert "3,000 workers on 150 hosts ended attempts." in text


@pytest.mark.parametrize("character", ["x", "'", "\U000e0001", "\u4e00"])
def test_no_text_in_journal_and_results_makes_a_page_of_a_megabyte(
    tmp_path: Path, character: str
) -> None:
    long = character * 1000
    lines = []
    for n, letters in enumerate(itertools.product("abcdefgh", repeat=3)):
        told: dict[str, Any] = {"host": f"{n}{long}", "worker": f"{n:032x}", "pid": 2**62 + n}
        message = f"{''.join(letters)}{long}\n{long * 3}"
        if n % 2:
            lines.append(failure(n, message, final=True, failed_items=[2**62] * 100, **told))
        else:
            lines += [failure(n, message, **told), facts(n, begins_s=60, took_s=n, **told)]
    items = ItemFacts(400)
    for n in range(400):
        items.add(ItemFact(n, long[:200], 1, 2.0, n % 4 > 0, f"{n}{long}\n{long * 3}", n))
    of_all = [of_journal(write(tmp_path / "j", *lines), status(512)), sections.of_items(items)]
    html = page("Run", [], of_all)
    assert len(html.encode()) < 1_000_000
    text = assert_self_contained(html).text
    assert "Tasks that failed for good: 200 of 256" in text
    assert "Other tasks with a failed attempt: 100 of 256" in text
    assert "Failed items: 200 of 300" in text


def test_failed_attempts_at_tasks_that_were_completed_later_are_shown(tmp_path: Path) -> None:
    lines = [failure(0, "out of memory", host="node7"), facts(0, begins_s=60, attempt=2)]
    lines += [failure(1, "no disk"), failure(2, "bad input", final=True)]
    text = shown(write(tmp_path / "j", *lines), status(3, done=2, waiting=1, failed=None))
    for_good, _, others = text.partition("Other tasks with a failed attempt")
    assert "0out of memory1node7" in others
    assert "completed1no disk1" in others
    assert "not completed" in others
    assert "bad input" in for_good.rpartition("Tasks that failed for good")[2]
    assert "bad input" not in others


def test_attempts_that_a_folder_does_not_tell_are_unknown() -> None:
    items = ItemFacts(3)
    items.add(ItemFact(0, "", None, math.nan, True, "exit status 3", 3))
    items.add(ItemFact(1, "", 1, math.nan, False, ""))
    items.add(ItemFact(2, "", 2, math.nan, False, ""))
    text = assert_self_contained(sections.of_items(items)).text
    assert "0exit status 3unknown" in text
    assert "Items that succeeded, by attemptsattemptitems1121" in text


@pytest.mark.parametrize(
    ("text", "most_bytes", "shown"),
    [
        ("short", 5, "short"),
        ("longer", 5, "lo…"),
        ("<<<<", 16, "<<<<"),
        ("<<<<<", 16, "<<<…"),
        ("\u4e00" * 4, 9, "\u4e00\u4e00…"),
        ("a\x00b", 6, "a\\x00b"),
        ("\ud800" * 4, 9, "\\ud800…"),
    ],
)
def test_a_text_is_cut_where_its_html_would_be_too_large(
    text: str, most_bytes: int, shown: str
) -> None:
    assert clipped(text, most_bytes) == shown


def test_the_tasks_read_from_the_server_are_shown() -> None:
    read: list[int] = []
    infos = [
        TaskInfo(number=0, state="done", percent_completed=100.0),
        TaskInfo(number=1, state="failed", percent_completed=0.0, attempts=3),
        TaskInfo(number=2, state="computing", percent_completed=math.nan),
        TaskInfo(number=3, state="waiting"),
    ]
    text = assert_self_contained(sections.of_tasks(TaskFacts(infos, 4, read.append))).text
    assert "Of 4 tasks: 1 failed, 1 done, 1 computing, 1 waiting. Failed ones are in: 1." in text
    assert read == [1, 2, 3, 4]
