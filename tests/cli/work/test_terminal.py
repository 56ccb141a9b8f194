"""What a person sees of workTF at a real terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from taskfarm_sdk import Run
from tests.cli.work.conftest import WORK
from tests.support.pseudo_terminal import CTRL_C, PseudoTerminal

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("environment")]
RunOf = Callable[[int], Run]
NOTHING: Mapping[str, str] = {}


def test_a_line_shows_how_the_run_goes_and_output_stays_whole(run_of: RunOf) -> None:
    run = run_of(60)
    command = 'sleep 0.2; test {task} != 3 || exit 1; echo "<task {task}>"'
    words = (run.uuid, "-j3", "--max-attempts", "1", "--shell", "--", command)
    with PseudoTerminal(words, NOTHING, columns=120, program=WORK) as terminal:
        terminal.expect(
            r"\d+ of 60 done   \d running here   1 attempts failed here   "
            r"[\d.]+ tasks/\w+   \d:\d\d left"
        )
        assert terminal.end() == 5
        shown = [line.rpartition("\r")[2].strip() for line in terminal.text.splitlines()]
        assert sorted(x for x in shown if x.startswith("<")) == sorted(
            f"<task {task}>" for task in range(60) if task != 3
        )
        assert f"workTF: run {run.uuid}: 60 of 60 done, 1 failed" in shown


def test_ctrl_c_gives_the_tasks_back_and_ends_with_130(run_of: RunOf) -> None:
    run = run_of(4)
    words = (run.uuid, "-j2", "--shell", "--", "echo begun; exec sleep 100")
    with PseudoTerminal(
        (*words[:2], "--line-buffer", *words[2:]), NOTHING, program=WORK
    ) as terminal:
        terminal.expect(r"begun(.|\n)*begun")
        terminal.press(CTRL_C)
        assert terminal.end() == 130
        assert "workTF: interrupted" in terminal.text
        assert "Traceback" not in terminal.text
    assert {info.attempts for info in run.task_infos("waiting")} == {0}
    assert run.status().waiting == 4


def test_to_a_dumb_terminal_only_lines_are_written(
    run_of: RunOf, monkeypatch: pytest.MonkeyPatch, environment: Path
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    words = (run_of(3).uuid, "-j1", "--", "sleep", "0.4")
    with PseudoTerminal(words, NOTHING, program=WORK) as terminal:
        assert terminal.end() == 0
        assert "\x1b" not in terminal.raw
        assert terminal.text.count("\n") == 1
    assert environment == Path.cwd()
