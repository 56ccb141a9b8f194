"""workTF at a real pseudo-terminal: what a person sees."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.constants import command_with
from tests.support.pseudo_terminal import CTRL_C, PseudoTerminal
from tests.support.work_tf import WORK, NewRun

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("work_folder")]
NOTHING: Mapping[str, str] = {}
# Looks and draws often, and tells the pace from looks that are not three seconds apart.
QUICK = command_with(
    "taskfarm_cli.work.main",
    {
        "taskfarm_cli.work.status_line.POLL_S": 0.1,
        "taskfarm_cli.work.status_line.LIVE_EVERY_S": 0.1,
        "taskfarm_cli.work.status_line.QUIET_EVERY_S": 0.05,
        "taskfarm_cli.common.forecast.LEAST_S": 0.1,
    },
)


def test_a_line_shows_how_the_run_goes_and_output_stays_whole(
    new_run: NewRun, work_folder: Path
) -> None:
    run = new_run(60)
    wait_for = "until test -e {0}; do sleep 0.05; done"
    command = (
        f"{wait_for.format('begun')}; test {{task}} != 3 || exit 1; "
        f"test {{task}} -lt 10 || {wait_for.format('seen')}; echo '<task {{task}}>'"
    )
    words = (run.uuid, "-j3", "--max-attempts", "1", "--shell", "--", command)
    with PseudoTerminal(words, NOTHING, columns=120, program=QUICK) as terminal:
        terminal.expect(r"\[-+\] 0.0 %   0 of 60 done   3 running here")
        (work_folder / "begun").touch()
        terminal.expect(
            r"\[#+-+\] [\d.]+ %   \d+ of 60 done   1 attempt failed here   (.* left   )?"
            r"\d running here"
        )
        (work_folder / "seen").touch()
        assert terminal.end() == 5
        shown = [line.rpartition("\r")[2].strip() for line in terminal.text.splitlines()]
        assert sorted(x for x in shown if x.startswith("<")) == sorted(
            f"<task {task}>" for task in range(60) if task != 3
        )
        assert f"workTF: run {run.uuid}: 60 of 60 done, 1 failed" in shown


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_the_line_tells_the_time_left_as_a_range_and_fits(new_run: NewRun, columns: int) -> None:
    words = (new_run(100_000).uuid, "-j3", "--", "sleep", "0.02")
    with PseudoTerminal(words, NOTHING, columns=columns, program=QUICK) as terminal:
        terminal.expect(r"\[-+\] 0.\d %   \d+ of 100000 done   \d+(\.5)? to [\d.]+ (min|h) left")
        if columns == 200:
            terminal.expect(r"left   \d running here   \d+( to \d+)? tasks/s")
        terminal.press(CTRL_C)
        assert terminal.end() == 130
    drawn = re.findall(r"\r(\[[^\r\n^]*)", terminal.text)
    assert max(map(len, drawn)) < columns


def test_where_tasks_are_chunks_the_line_counts_items(work_folder: Path) -> None:
    wait_for = "until test -e {0}; do sleep 0.05; done"
    command = f"test {{item}} -lt 12 || {wait_for.format('seen')}"
    words = ("--create", "--grid", "i=0:40", "--chunk", "10", "-j1", "--shell", "--", command)
    with PseudoTerminal(words, NOTHING, columns=120, program=QUICK) as terminal:
        terminal.expect(r"\] [\d.]+ %   about 1\d of 40 items done   (.* left   )?1 running here")
        (work_folder / "seen").touch()
        assert terminal.end() == 0
        assert "40 of 40 items done; tasks: 4 of 4 done, 0 failed" in terminal.text


def test_after_ctrl_c_the_done_items_are_told(work_folder: Path) -> None:
    command = "test {item} -lt 3 || exec sleep 1000"
    words = ("--create", "--grid", "i=0:20", "--chunk", "10", "-j1", "--shell", "--", command)
    with PseudoTerminal(words, NOTHING, columns=200, program=QUICK) as terminal:
        terminal.expect("running here")
        terminal.press(CTRL_C)
        assert terminal.end() == 130
        assert re.search(r"about \d of 20 items done; resume with:", terminal.text)


def test_ctrl_c_gives_the_tasks_back_and_ends_with_130(new_run: NewRun) -> None:
    run = new_run(4)
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
    new_run: NewRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    words = (new_run(3).uuid, "-j1", "--", "sleep", "0.2")
    with PseudoTerminal(words, NOTHING, program=QUICK) as terminal:
        assert terminal.end() == 0
        assert "\x1b" not in terminal.raw
        assert terminal.text.count("\n") == 1
