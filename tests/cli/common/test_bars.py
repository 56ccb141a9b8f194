"""The bar in a line: as wide as there is room, and left out before the words are."""

from __future__ import annotations

import attrs
import pytest

from taskfarm_cli.common.bars import ASCII, LINES, MOST_WIDTH, bar, barred, percent
from taskfarm_sdk import RunStatus

HALF = RunStatus(num_tasks=8, waiting=2, computing=2, done=4, failed=None, percent_done=50.0)
FAILED = RunStatus(num_tasks=8, waiting=0, computing=0, done=8, failed=4, percent_done=50.0)
WORDS = ("50.0 %", "4 of 8 done", "40 to 65 s left", "2 running here", "1.9 to 2.6 tasks/s")


@pytest.mark.parametrize(("glyphs", "drawn"), [(ASCII, "[####----]"), (LINES, "━━━━━─────")])
def test_a_bar_has_a_frame_in_ascii(glyphs: str, drawn: str) -> None:
    assert bar(HALF, 10, glyphs) == drawn


def test_failed_tasks_are_in_the_bar() -> None:
    assert bar(FAILED, 10) == "[####xxxx]"


@pytest.mark.parametrize(
    ("columns", "words", "width"),
    [
        (10, 1, 0),
        (20, 1, 13),
        (60, 3, 21),
        (80, 4, 24),
        (200, 5, 30),
    ],
)
def test_the_last_words_are_left_out_before_the_bar(columns: int, words: int, width: int) -> None:
    bar_drawn = f"{bar(HALF, width)} " if width else ""
    line = bar_drawn + "   ".join(WORDS[:words])
    assert barred(HALF, WORDS, columns) == line
    assert len(line) <= columns


def test_a_bar_is_not_wider_than_reads_well() -> None:
    drawn = barred(HALF, WORDS, 500)
    assert len(drawn.split(" ")[0]) == MOST_WIDTH


def test_an_unknown_percentage_is_said_to_be_unknown() -> None:
    status = RunStatus(
        num_tasks=8, waiting=2, computing=2, done=4, failed=None, percent_done=float("nan")
    )
    assert percent(status) == "percentage unknown"
    assert percent(HALF) == "50.0 %"


@pytest.mark.parametrize(
    ("done", "text"), [(99.96, "99.9 %"), (100.0, "99.9 %"), (250.0, "250.0 %")]
)
def test_less_than_all_is_not_shown_as_all(done: float, text: str) -> None:
    assert percent(attrs.evolve(HALF, percent_done=done)) == text


def test_all_is_shown_as_all() -> None:
    assert percent(attrs.evolve(FAILED, percent_done=100.0)) == "100.0 %"
