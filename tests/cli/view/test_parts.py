"""What the page says, and that nothing of others' becomes HTML."""

from __future__ import annotations

import pytest

from taskfarm_cli.view import pages
from taskfarm_cli.view.facts import Failure, ListFacts, Outage, Picture, RunFacts, RunLine, Scan
from taskfarm_cli.view.markup import Html, element, text
from taskfarm_cli.view.parts import of_list, of_run
from taskfarm_sdk import RunStatus
from taskfarm_sdk._items.chunks import Chunks
from taskfarm_sdk._items.counts import ItemCount
from taskfarm_sdk.hidden import Hidden
from tests.support.view_tf import seen

UUID = "ab" * 16
NOW = "2001-09-09 01:46:40 UTC"  # 1e9
EVIL = "<script>alert(1)</script>\u202e\"'&"


def status(**more: object) -> RunStatus:
    facts = {
        "num_tasks": 10,
        "waiting": 4,
        "computing": 1,
        "done": 5,
        "failed": None,
        "percent_done": 50.0,
        **more,
    }
    return RunStatus(**facts)  # type: ignore[arg-type]


def facts(**more: object) -> RunFacts:
    return RunFacts(uuid=UUID, **{"status": status(), "read_at": 1e9, **more})  # type: ignore[arg-type]


def picture(*failures: Failure, **more: object) -> Picture:
    told = {"origin": "journal", "noun": "task", "cells": (), "num_failed": len(failures), **more}
    return Picture(failures=failures, **told)  # type: ignore[arg-type]


def test_failed_is_unknown_and_never_0_until_the_run_is_finished() -> None:
    parts = of_run(facts(), None)
    assert "Failed unknown" in seen(parts["progress"])
    assert "Unknown" in parts["failures"]
    line = RunLine(uuid=UUID, num_tasks_text="10", status=status())
    assert "failed: unknown" in seen(of_list(ListFacts(lines=(line,), num_runs=1), None)["runs"])


def test_failed_is_a_number_once_it_is_known() -> None:
    over = status(waiting=0, computing=0, done=10, failed=3)
    parts = of_run(facts(status=over), None)
    assert "Failed 3" in seen(parts["progress"])
    assert "3 tasks failed; which, and why, only a journal" in parts["failures"]
    none = of_run(facts(status=status(waiting=0, computing=0, done=10, failed=0)), None)
    assert none["failures"] == "<p>No task failed.</p>"


def test_failed_is_unknown_where_its_source_cannot_be_read() -> None:
    away = picture(origin="results folder", noun="item", num_failed=None, remark="It is away")
    shown = seen(of_run(facts(pictures=(away,)), None)["failures"])
    assert shown == "Unknown by the results folder, which cannot be read."


@pytest.mark.parametrize("count", [0, 2])
def test_of_a_source_that_was_read_in_part_failed_is_a_least_number(count: int) -> None:
    part = picture(num_failed=count, is_whole=False)
    shown = seen(of_run(facts(pictures=(part,)), None)["failures"])
    assert shown == f"At least {count} tasks failed by the journal, as far as it was read."


def test_rate_and_time_left_are_unknown_until_they_are_seen() -> None:
    assert "Rate unknown Time left unknown" in seen(of_run(facts(), None)["progress"])
    known = of_run(facts(rate="1.9 to 2.6 tasks/s", left="40 to 65 s left"), None)
    assert "Rate 1.9 to 2.6 tasks/s Time left 40 to 65 s" in seen(known["progress"])


def test_items_are_told_beside_the_tasks_where_a_task_has_several() -> None:
    count = ItemCount(1234, 9950, "about")
    shown = seen(of_run(facts(items=count, chunks=Chunks(9950, 10)), None)["progress"])
    assert "Items about 1,234 of 9,950 done Tasks 10 Done 5" in shown
    row = RunLine(uuid=UUID, num_tasks_text="10", status=status(), items=count)
    listed = seen(of_list(ListFacts(lines=(row,), num_runs=1), None)["runs"])
    assert "50.0 %. About 1,234 of 9,950 items done. 5 of 10 tasks done" in listed
    assert "Items" not in seen(of_run(facts(), None)["progress"])


def test_100_percent_is_told_only_when_no_task_is_left() -> None:
    most = status(num_tasks=10_000, waiting=0, computing=1, done=9_999, percent_done=99.99)
    all_of_them = status(waiting=0, computing=0, done=10, failed=0, percent_done=100.0)
    for one, said in ((most, "99.9 %"), (all_of_them, "100.0 %")):
        parts = of_run(facts(status=one), None)
        row = RunLine(uuid=UUID, num_tasks_text="10", status=one)
        listed = of_list(ListFacts(lines=(row,), num_runs=1), None)["runs"]
        assert parts["title"].startswith(said)
        assert said in parts["progress"]
        assert f"{said}. " in listed
        assert ("100.0 %" in f"{parts}{listed}") is (said == "100.0 %")


def test_a_percentage_of_another_client_has_few_digits() -> None:
    odd = status(percent_done=1e300)
    parts = of_run(facts(status=odd), None)
    listed = of_list(
        ListFacts(lines=(RunLine(uuid=UUID, num_tasks_text="10", status=odd),), num_runs=1), None
    )["runs"]
    for shown in (parts["title"], parts["progress"], listed):
        assert "1.0e+300 %" in shown
        assert "0" * 20 not in shown


def line(read_at: float | None) -> RunLine:
    known = None if read_at is None else status()
    return RunLine(uuid=UUID, num_tasks_text="10", status=known, read_at=read_at)


@pytest.mark.parametrize(
    ("times", "said"),
    [
        ([], f"Read at {NOW}."),
        ([None], f"Read at {NOW}."),
        ([1e9], f"List read at {NOW}, counts at {NOW}."),
        (
            [1e9 - 7200, None, 1e9],
            f"List read at {NOW}, counts between 2001-09-08 23:46:40 UTC and {NOW}.",
        ),
    ],
)
def test_the_list_tells_from_when_its_counts_are(times: list[float | None], said: str) -> None:
    lines = tuple(map(line, times))
    assert of_list(ListFacts(lines=lines, num_runs=9, read_at=1e9), None)["read"] == said


def test_old_counts_in_a_list_that_was_just_read_say_how_old_they_are() -> None:
    lines = (line(1e9 - 7200), line(1e9 - 100))
    shown = seen(of_list(ListFacts(lines=lines, num_runs=2, read_at=1e9), None)["runs"])
    assert shown.count("(as of 2001-09-08 23:46:40 UTC)") == 1
    assert shown.count("as of") == 1


def test_a_list_that_could_not_be_read_says_why() -> None:
    assert "could not be read: &lt;odd&gt;" in of_list(ListFacts(trouble="<odd>"), None)["outage"]


def test_a_server_that_is_gone_is_told_with_the_time_and_the_reason() -> None:
    outage = Outage(since=0.0, reason=EVIL)
    for parts in (of_run(facts(), outage), of_list(ListFacts(), outage)):
        assert "has not answered since 1970-01-01 00:00:00 UTC" in parts["outage"]
        assert "<script" not in parts["outage"]
    assert of_run(facts(), None)["outage"] == ""


def test_a_deleted_run_is_told_and_its_last_state_stays() -> None:
    parts = of_run(facts(is_gone=True), None)
    assert "This run was deleted" in parts["outage"]
    assert "Done 5" in seen(parts["progress"])
    assert "no run with this UUID" in of_run(facts(is_gone=True, status=None), None)["outage"]


def test_a_message_of_others_becomes_text() -> None:
    failure = Failure(number=3, attempts=2, message=EVIL)
    shown = of_run(facts(pictures=(picture(failure, remark=EVIL),)), None)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\\u202e&quot;&#x27;&amp;" in shown["failures"]
    assert "<script" not in "".join(shown.values())
    assert "\u202e" not in "".join(shown.values())


def test_odd_numbers_of_tasks_and_urls_of_others_become_text() -> None:
    line = RunLine(uuid=UUID, num_tasks_text=EVIL, status=None)
    parts = of_list(ListFacts(lines=(line,), num_runs=1), None)
    page = pages.list_page(EVIL, parts, base="/p/", part=0)
    assert "<script>" not in page
    assert "\u202e" not in page


def test_a_failure_says_whether_the_task_is_tried_again_and_whether_its_cause_is_known() -> None:
    shown = of_run(
        facts(
            pictures=(
                picture(
                    Failure(number=1, attempts=1, message="later", is_final=False),
                    Failure(number=2, attempts=None, message=None),
                ),
            )
        ),
        None,
    )["failures"]
    assert "1 1 (to be tried again) later" in seen(shown)
    assert "2 unknown unknown" in seen(shown)


def test_failures_that_are_not_shown_are_counted() -> None:
    shown = of_run(
        facts(pictures=(picture(Failure(number=1, attempts=1, message=""), num_failed=9),)), None
    )
    assert "9 tasks failed by the journal. The first 1 are shown." in seen(shown["failures"])


@pytest.mark.parametrize(
    ("scan", "said"),
    [
        (Scan(read=5, num_tasks=10, is_running=True), "5 of 10 tasks so far"),
        (Scan(read=10, num_tasks=10, is_running=False), "is complete: 10 of 10 tasks"),
        (Scan(read=5, num_tasks=10, is_running=False, error="it broke"), "after 5 of 10 tasks"),
    ],
)
def test_a_reading_of_all_tasks_shows_how_far_it_is(scan: Scan, said: str) -> None:
    assert said in of_run(facts(scan=scan), None)["scan"]


def test_a_long_list_is_shown_in_parts() -> None:
    lines = (RunLine(uuid=UUID, num_tasks_text="1", status=None),)
    middle = of_list(ListFacts(lines=lines, num_runs=50, part=1, num_parts=3), None)["parts"]
    assert 'href="?part=1"' in middle
    assert 'href="?part=3"' in middle
    assert "Part 2 of 3 (50 runs)" in middle
    last = of_list(ListFacts(lines=lines, num_runs=50, part=2, num_parts=3), None)["parts"]
    assert "Older" not in last


def test_each_chart_has_a_sentence_for_screen_readers() -> None:
    parts = of_run(facts(), None)
    assert 'aria-label="Of 10 tasks, 5 are done' in parts["progress"]


def test_actions_stand_on_the_page_only_if_they_are_allowed() -> None:
    parts = of_run(facts(), None)
    for allowed in (True, False):
        page = pages.run_page(UUID, parts, base="/p/", allow_actions=allowed, is_reading=False)
        assert ("/delete" in page) is allowed
        assert ("/reset-failed" in page) is allowed
        assert "/scan" in page


def test_a_page_has_no_script_or_style_of_its_own_and_no_address_of_others() -> None:
    parts = of_run(facts(), None)
    page = pages.run_page(UUID, parts, base="/p/", allow_actions=True, is_reading=True)
    assert "style=" not in page
    assert "<style" not in page
    assert "onclick" not in page
    assert '<script src="/p/page.js" defer></script>' in page
    assert page.replace("http://www.w3.org/2000/svg", "").count("//") == 0


def test_the_cost_of_reading_all_tasks_is_told_before() -> None:
    page = pages.confirm_page(UUID, pages.SCAN, base="/p/", secret=Hidden("s"), num_tasks=100_000)
    assert "The run has 100000 tasks. That is one request each" in page


def test_text_is_escaped_and_html_is_not() -> None:
    assert text(EVIL) == "&lt;script&gt;alert(1)&lt;/script&gt;\\u202e&quot;&#x27;&amp;"
    assert text(Html("<b>")) == "<b>"
    assert element("a", "<", href='"') == '<a href="&quot;">&lt;</a>'
    assert element("p", hidden=True, id=None, class_="x") == '<p hidden class="x"></p>'
    assert element("meta", http_equiv="refresh") == '<meta http-equiv="refresh">'
