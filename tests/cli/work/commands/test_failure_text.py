"""The line about a failed attempt: the input, and where the output is."""

from __future__ import annotations

from pathlib import Path

import pytest

from taskfarm_cli.work.command_line.parse import parse
from taskfarm_cli.work.commands.failure_text import MOST_SHOWN, failure_text, place_of_outputs
from taskfarm_cli.work.commands.kept import Log, Results
from taskfarm_cli.work.plan import Options
from taskfarm_cli.work.template import Job


def options(*words: str) -> Options:
    return parse(["0" * 32, *words, "--", "true"])


@pytest.mark.parametrize(
    ("item", "place", "text"),
    [
        pytest.param(None, None, "exit status 3", id="no input, passed on"),
        pytest.param("a b.txt", None, "exit status 3; its input: a b.txt", id="input"),
        pytest.param("", None, "exit status 3; its input: ", id="empty input"),
        pytest.param(
            "a\n\x1b\udce9", None, "exit status 3; its input: a\\n\\x1b\\udce9", id="no plain text"
        ),
        pytest.param(
            "a",
            "out/17/stdout and stderr",
            "exit status 3; its input: a; its output: out/17/stdout and stderr",
            id="results",
        ),
    ],
)
def test_the_line_names_the_input_and_where_the_output_is(
    item: str | None, place: str | None, text: str
) -> None:
    assert failure_text("exit status 3", Job(17, 17, item, {}, 0), place) == text


def test_of_a_long_input_the_line_shows_both_ends() -> None:
    item = "/data/" + "x" * 1000 + "/sample-17.fastq"
    shown = failure_text("", Job(17, 17, item, {}, 0), None).removeprefix("; its input: ")
    assert len(shown) == MOST_SHOWN
    assert shown.startswith("/data/")
    assert "…" in shown
    assert shown.endswith("/sample-17.fastq")


def test_the_command_that_prints_the_output_out_of_the_log_is_named(tmp_path: Path) -> None:
    log = Log(str(tmp_path / "two words"))
    log.close()
    assert log.place(17) == f"`workTF --show '{tmp_path}/two words' --item 17`"


def test_the_files_that_have_the_output_are_named(tmp_path: Path) -> None:
    assert Results(str(tmp_path)).place(17) == f"{tmp_path}/17/stdout and stderr"


def test_where_all_outputs_are_is_known_unless_they_were_passed_on() -> None:
    assert place_of_outputs(options()) is None
    results = options("--results", "out")
    assert place_of_outputs(results) == "out/TASK/stdout and stderr"
    assert place_of_outputs(results, in_chunks=True) == "out/ITEM/stdout and stderr"
    log = place_of_outputs(options("--log", "out"))
    assert log == "`workTF --show out --failed` lists its last lines"
