"""Counts, percentages, commands and lines, as people read them."""

from __future__ import annotations

import itertools
import os
import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfarm_cli.common.text import (
    counted,
    cut,
    field,
    fitting,
    manage_command,
    one_line,
    percentage,
    printable,
    shell_words,
    width,
    wrapped,
)
from taskfarm_cli.common.times import duration
from taskfarm_cli.manage import main as manage
from taskfarm_cli.serve import main as serve
from taskfarm_cli.work import main as work
from taskfarm_sdk import _text
from tests.support.forged import FORGERIES

UUID = "0123456789abcdef0123456789abcdef"
ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 tasks"), (1, "1 task"), ("1", "1 task"), (2, "2 tasks")]
)
def test_one_is_singular(number: int | str, text: str) -> None:
    assert counted(number, "task") == text


# A number that may be 1 before a plural noun: `{count} tasks`.
_PLURAL = re.compile(
    r"\{[a-z_.()]*(?<!least)\} (?:\w+ )?(?:tasks|runs|inputs|jobs|attempts|workers|rows)\b"
)


def test_no_message_of_a_command_has_a_plural_of_its_own() -> None:
    lines = [
        f"{path.name}: {line.strip()}"
        for path in (ROOT / "cli").rglob("*.py")
        if "slurm" not in path.parts
        for line in path.read_text(encoding="utf-8").splitlines()
        if _PLURAL.search(line) and "len(found)} runs" not in line
    ]
    assert lines == []


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (98 * 86400, "98 days"),
        (33793 * 86400, "over 99 days"),
        (1e300, "over 99 days"),
        (float("inf"), "over 99 days"),
        (float("nan"), "over 99 days"),
    ],
)
def test_a_time_too_long_to_be_foretold_has_a_bound(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@given(st.floats())
def test_a_percentage_is_short_whatever_a_client_wrote(value: float) -> None:
    assert len(percentage(value)) <= 12


def test_a_command_works_when_it_is_pasted() -> None:
    command = manage_command("http://a.test/x y/", "--tasks", "--state", "failed", UUID)
    words = ["manageTF", "-b", "http://a.test/x y/", "--tasks", "--state", "failed", UUID]
    assert shlex.split(command.strip("`")) == words


@pytest.mark.parametrize("columns", [20, 60, 80])
def test_a_line_fits_and_its_commands_stay_in_one_piece(columns: int) -> None:
    command = manage_command(None, "--tasks", "--state", "failed", UUID)
    text = f"3 of 10 tasks failed, and many more words follow: {command} lists which of them did"
    shown = wrapped(text, columns)
    assert command in shown
    assert " ".join(shown.split()) == text
    others = [line for line in shown.splitlines() if command not in line]
    assert max(map(len, others)) <= columns
    if len(command) + 2 <= columns:
        assert max(map(len, shown.splitlines())) <= columns


@given(st.lists(st.text("abc ", max_size=20), min_size=1), st.integers(1, 100))
def test_a_status_line_never_exceeds_the_terminal(pieces: list[str], columns: int) -> None:
    assert len(fitting(pieces, columns)) <= columns


@pytest.mark.parametrize(
    ("text", "columns", "shown"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdef", 5, "abcd…"),
        ("abc", 0, ""),
        ("東京大学", 8, "東京大学"),
        ("東京大学", 7, "東京大…"),
        ("東京大学", 6, "東京…"),
        ("e\u0301e\u0301e\u0301", 3, "e\u0301e\u0301e\u0301"),
        ("e\u0301e\u0301e\u0301", 2, "e\u0301…"),
    ],
)
def test_wide_characters_take_two_columns_and_marks_none(
    text: str, columns: int, shown: str
) -> None:
    assert cut(text, columns) == shown
    assert width(fitting([text, "x"], columns)) <= columns


@pytest.mark.parametrize(
    ("columns", "main"),
    list(itertools.product([60, 80, 100], [manage.main, work.main, serve.main])),
)
def test_the_help_fits_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: int, main: object
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    assert callable(main)
    assert main(["--help"]) == 0
    printed = capsys.readouterr().out
    assert [line for line in printed.splitlines() if len(line) > columns] == []
    assert not re.search(r"--\n", printed)


@pytest.mark.parametrize(
    ("text", "shown"),
    [("plain", "plain"), ("é ✓", "é ✓"), ("a\x1b[2Jb\x07", "a\\x1b[2Jb\\x07"), ("a\nb", "a\\nb")],
)
def test_what_would_steer_a_terminal_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_one_line_joins_what_was_many() -> None:
    assert one_line("  a\n\tb\r\n c ") == "a b c"


@pytest.mark.parametrize("text", FORGERIES.values(), ids=FORGERIES)
@pytest.mark.parametrize("write", [printable, one_line, field, lambda text: shell_words([text])])
def test_no_text_is_more_than_one_printable_line(write: Callable[[str], str], text: str) -> None:
    assert write(text).isprintable()
    assert write(text).encode()


@given(st.text())
def test_any_text_is_one_field(text: str) -> None:
    assert len(field(text).split()) == 1
    assert field(text).isprintable()


def test_the_sdk_writes_texts_as_the_commands_do() -> None:
    for text in FORGERIES.values():
        assert _text.one_line(text) == one_line(text)


@pytest.mark.parametrize(
    "words",
    [
        ["plain", "a b", "it's", "$(rm)", "é", "", "~"],
        ["a\nb", "\t\r'\\'\"", "\x1b[31m1", "\u202e", "!x\x85"],
        [os.fsdecode(b"name-\xff\x80.txt"), "\x01" + "7"],
    ],
    ids=["printable", "controls", "no text"],
)
def test_a_shell_reads_the_words_that_were_written(words: list[str]) -> None:
    command = f"printf '%s\\0' {shell_words(words)}"
    read = subprocess.run(["bash", "-c", command], capture_output=True, check=True).stdout
    assert read.split(b"\0")[:-1] == [os.fsencode(word) for word in words]


def test_printable_words_are_quoted_as_ever() -> None:
    words = ["a", "b c", "d'e"]
    assert shell_words(words) == shlex.join(words)
