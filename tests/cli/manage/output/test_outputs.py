"""Lines and documents, from runs and statuses of every sort."""

from __future__ import annotations

import json
import math
from typing import Any, cast

import pytest

from taskfarm_cli.common.run_files import RunItems
from taskfarm_cli.manage.modes import MODES
from taskfarm_cli.manage.output.base import Identity
from taskfarm_cli.manage.output.documents import Documents, document, status_facts
from taskfarm_cli.manage.output.plain import Plain, line_of_run, line_of_status
from taskfarm_sdk import Run, RunStatus
from taskfarm_sdk._items.chunks import Chunks
from tests.support.forged import FORGERIES, lines_of

WATCH = next(mode for mode in MODES if mode.name == "watch").wording
UUID = "7ce1105e5f2b471a829dc9aef6bcfdb0"


def a_run(num_tasks_text: str = "20") -> Run:
    num_tasks = int(num_tasks_text) if num_tasks_text.isdecimal() else 0
    return Run(cast("Any", None), UUID, 3, num_tasks, num_tasks_text)


def a_status(percent: float = 26.68, done: int = 13, failed: int | None = None) -> RunStatus:
    return RunStatus(
        num_tasks=20,
        waiting=20 - done,
        computing=0,
        done=done,
        failed=failed,
        percent_done=percent,
    )


@pytest.mark.parametrize("text", ["20", "None", "2.5", "1e+20", "inf", "abc", "é"], ids=repr)
def test_a_run_is_a_line_of_id_uuid_and_whatever_is_held(text: str) -> None:
    assert line_of_run(a_run(text)) == f"3 {UUID} {text}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [("é\n x", r"é\n\x20x"), ("5 (0,0,5)", r"5\x20(0,0,5)"), ("\x1b[2J", r"\x1b[2J"), ("", "''")],
    ids=repr,
)
def test_what_is_held_stays_one_field(text: str, shown: str) -> None:
    assert line_of_run(a_run(text)) == f"3 {UUID} {shown}"


def test_who_one_is_stays_four_lines(capsys: pytest.CaptureFixture[str]) -> None:
    Plain().identity(Identity("http://farm.test/\x9b2J", "me\nroot", None, accepted=True))
    assert lines_of(capsys.readouterr().out, 4)[1] == r"user: me\nroot"


@pytest.mark.parametrize("text", FORGERIES.values(), ids=FORGERIES)
def test_json_is_ascii_that_strict_parsers_take(text: str) -> None:
    line = document("list", {"text": text})
    assert line.isascii()
    assert line.isprintable()
    # A strict parser decodes to text that can be encoded.
    read = json.loads(line)["text"]
    assert read.encode() == text.encode(errors="backslashreplace")


@pytest.mark.parametrize(
    ("percent", "shown"),
    [
        (0.0, "0.0"),
        (100.0, "100.0"),
        (26.680000000000003, "26.680000000000003"),
        (math.nan, "nan"),
        (math.inf, "inf"),
        (1e-12, "1e-12"),
    ],
)
def test_the_percentage_is_as_python_prints_it(percent: float, shown: str) -> None:
    assert line_of_status(a_run(), a_status(percent)) == f"3 {UUID} 20 (7,0,13) {shown}"


@pytest.mark.parametrize("percent", [math.nan, math.inf, -math.inf])
def test_json_has_null_for_what_json_cannot_say(percent: float) -> None:
    assert status_facts(a_status(percent))["percent_done"] is None


@pytest.mark.parametrize(
    ("status", "finished", "succeeded"),
    [
        pytest.param(a_status(), False, False, id="under way"),
        pytest.param(a_status(100.0, 20, 0), True, True, id="all done"),
        pytest.param(a_status(95.0, 20, 1), True, False, id="one failed"),
        pytest.param(a_status(70.0, 20), True, False, id="who knows"),
    ],
)
def test_json_says_how_it_went(status: RunStatus, finished: bool, succeeded: bool) -> None:
    facts = status_facts(status)
    assert (facts["finished"], facts["succeeded"]) == (finished, succeeded)


STEPS = [a_status(0.0, 0), a_status(0.0, 0), a_status(math.nan, 1), a_status(math.nan, 1)]


def test_plain_follows_with_a_line_a_change(capsys: pytest.CaptureFixture[str]) -> None:
    assert Plain().follow(a_run(), STEPS) is STEPS[-1]
    assert capsys.readouterr().out == f"3 {UUID} 20 (20,0,0) 0.0\n3 {UUID} 20 (19,0,1) nan\n"


def test_json_follows_with_a_document_a_change(capsys: pytest.CaptureFixture[str]) -> None:
    assert Documents(WATCH).follow(a_run(), STEPS) is STEPS[-1]
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["status"]["done"] for line in lines] == [0, 1]


@pytest.mark.parametrize("output", [Plain(), Documents(WATCH)], ids=["plain", "json"])
def test_following_nothing_shows_nothing(
    capsys: pytest.CaptureFixture[str], output: Plain | Documents
) -> None:
    assert output.follow(a_run(), []) is None
    assert capsys.readouterr().out == ""


ITEMS = RunItems(Chunks(1995, 20), "/data/out")


@pytest.mark.parametrize(
    ("status", "items"),
    [
        (a_status(50.0, 10), {"total": 1995, "chunk": 100, "done": 1000, "exact": False}),
        (a_status(100.0, 20, 0), {"total": 1995, "chunk": 100, "done": 1995, "exact": True}),
        (a_status(95.0, 20, 1), {"total": 1995, "chunk": 100, "done": 1895, "exact": False}),
    ],
)
def test_json_tells_of_items_where_tasks_are_chunks_of_them(
    capsys: pytest.CaptureFixture[str], status: RunStatus, items: dict[str, object]
) -> None:
    Documents(WATCH).run(a_run(), status, ITEMS)
    Documents(WATCH).follow(a_run(), [status, status], ITEMS)
    documents = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["items"] for one in documents] == [items, items]


@pytest.mark.parametrize("items", [None, RunItems(Chunks(20, 20), None)])
def test_json_has_no_key_for_items_where_each_task_is_one(
    capsys: pytest.CaptureFixture[str], items: RunItems | None
) -> None:
    Documents(WATCH).run(a_run(), a_status(), items)
    assert "items" not in json.loads(capsys.readouterr().out)


def test_plain_lines_are_the_same_whatever_is_known_about_items(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Plain().run(a_run(), a_status(), ITEMS)
    Plain().follow(a_run(), [a_status()], ITEMS)
    assert capsys.readouterr().out == f"3 {UUID} 20 (7,0,13) 26.68\n" * 2
