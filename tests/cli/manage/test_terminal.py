"""manageTF at a real pseudo-terminal, over the real server: what a person sees and is asked."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from taskfarm_sdk import Farm, Run, RunNotFound
from tests.support.constants import command_with
from tests.support.manage_tf import saved_logins
from tests.support.pseudo_terminal import CTRL_C, CTRL_D, PseudoTerminal
from tests.support.recording import Place
from tests.support.steady import steadily_completed

pytestmark = [
    pytest.mark.live,
    pytest.mark.long,
    pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals are Unix's"),
]
SHOW_CURSOR = "\x1b[?25h"
HIDE_CURSOR = "\x1b[?25l"
# Tells the pace from two looks that are not three seconds apart.
QUICK_WATCH = command_with(
    "taskfarm_cli.manage.main",
    {
        "taskfarm_cli.manage.watch.POLL_S": 0.1,
        "taskfarm_cli.manage.turns.TURN_S": 0.1,
        "taskfarm_cli.manage.turns.REST_PER_REQUEST": 1,
        "taskfarm_cli.common.forecast.LEAST_S": 0.1,
    },
)


def finish(run: Run, count: int | None = None) -> None:
    """Work off so many tasks, or all."""
    with run.worker() as worker:
        for task in worker:
            task.complete()
            if count is not None and (count := count - 1) == 0:
                return


@pytest.mark.parametrize("columns", [80, 40])
def test_the_list_is_a_table_of_whole_uuids(
    live_login: dict[str, str], live_run: Run, columns: int
) -> None:
    with PseudoTerminal(["-l"], live_login, columns=columns) as terminal:
        assert terminal.end() == 0
        assert terminal.text.split()[:2] == ["UUID", "TASKS"]
        *_, first, second = terminal.text.splitlines()
        assert first.split() == [live_run.uuid, "5"]
        assert second.endswith("0.0 %  5 waiting  0 computing  0 of 5 done")


def test_info_shows_a_bar_and_counts(live_login: dict[str, str], live_run: Run) -> None:
    finish(live_run, 2)
    with PseudoTerminal(["-i", live_run.uuid], live_login) as terminal:
        assert terminal.end() == 0
        assert f"run {live_run.id}  {live_run.uuid}\n" in terminal.text
        assert " 40.0 %\n" in terminal.text
        assert "3 waiting   0 computing   2 of 5 done\n" in terminal.text
        assert "\x1b[32m" in terminal.raw


@pytest.mark.parametrize(
    ("variable", "value", "absent"),
    [("NO_COLOR", "1", "\x1b[32m"), ("TERM", "dumb", "\x1b")],
)
def test_colours_are_left_out_where_they_are_not_wanted(
    live_login: dict[str, str], live_run: Run, variable: str, value: str, absent: str
) -> None:
    finish(live_run, 2)
    with PseudoTerminal(["-i", live_run.uuid], {**live_login, variable: value}) as terminal:
        assert terminal.end() == 0
        assert " 40.0 %\n" in terminal.text
        assert absent not in terminal.raw


def test_plain_is_plain_at_a_terminal_too(live_login: dict[str, str], live_run: Run) -> None:
    with PseudoTerminal(["--plain", live_run.uuid], live_login) as terminal:
        assert terminal.end() == 0
        assert terminal.raw == f"{live_run.id} {live_run.uuid} 5 (5,0,0) 0.0\n"


def test_create_shows_the_uuid_alone(live_login: dict[str, str], live_farm: Farm) -> None:
    with PseudoTerminal(["-n", "3"], live_login) as terminal:
        assert terminal.end() == 0
        assert live_farm.get_run(terminal.raw.strip()).num_tasks == 3


def test_a_change_is_told(live_login: dict[str, str], live_run: Run) -> None:
    with PseudoTerminal(["-r", live_run.uuid], live_login) as terminal:
        assert terminal.end() == 0
        said = f"run {live_run.uuid}: all tasks that were not completed wait again"
        assert " ".join(terminal.text.split()) == said


@pytest.mark.parametrize(
    ("mode", "answer"),
    [
        pytest.param("-d", "n\n", id="no"),
        pytest.param("-R", "\n", id="nothing"),
        pytest.param("-d", CTRL_D, id="end of input"),
    ],
)
def test_what_loses_work_is_done_only_after_a_yes(
    live_login: dict[str, str], live_run: Run, mode: str, answer: str
) -> None:
    finish(live_run, 2)
    with PseudoTerminal([mode, live_run.uuid], live_login) as terminal:
        terminal.expect(rf"{live_run.uuid} \(5 tasks, 2 of them done\)\? \[y/N\] ")
        terminal.press(answer)
        assert terminal.end() == 1
        assert "manageTF: nothing was changed" in terminal.text
    assert live_run.status().done == 2


def test_a_yes_deletes(live_login: dict[str, str], live_run: Run, live_farm: Farm) -> None:
    with PseudoTerminal(["-d", live_run.uuid], live_login) as terminal:
        terminal.expect(r"\[y/N\] ")
        terminal.press("y\n")
        assert terminal.end() == 0
        assert f"run {live_run.uuid} is deleted" in terminal.text
    with pytest.raises(RunNotFound):
        live_farm.get_run(live_run.uuid)


def test_y_goes_ahead_without_a_question(live_login: dict[str, str], live_run: Run) -> None:
    finish(live_run, 2)
    with PseudoTerminal(["-R", "-y", live_run.uuid], live_login) as terminal:
        assert terminal.end() == 0
        assert "[y/N]" not in terminal.text
    assert live_run.status().done == 0


def test_before_a_newcomer_is_asked_for_a_user_the_way_to_an_own_server_is_told() -> None:
    with PseudoTerminal(["-l"], {}) as terminal:
        terminal.expect("No login is saved here; .* `serveTF`, which saves its login")
        terminal.expect("User at http://localhost:5000/api/: ")


def test_credentials_are_asked_for_and_the_password_stays_unseen(
    live_place: Place, live_run: Run
) -> None:
    with PseudoTerminal(["-i", "-b", live_place.url, live_run.uuid], {}) as terminal:
        terminal.expect(f"User at {live_place.url}: ")
        terminal.press(f"{live_place.user}\n")
        terminal.expect(f"Password of {live_place.user} at {live_place.url}: ")
        terminal.press(f"{live_place.password}\n")
        assert terminal.end() == 0
        assert live_run.uuid in terminal.text
        assert live_place.password not in terminal.raw


@pytest.mark.parametrize("key", [CTRL_C, CTRL_D], ids=["interrupt", "end of input"])
def test_a_question_can_be_left(live_place: Place, key: str) -> None:
    with PseudoTerminal(["-l", "-b", live_place.url, "-u", "me"], {}) as terminal:
        terminal.expect("Password of me at ")
        terminal.press(key)
        assert terminal.end() == (130 if key == CTRL_C else 1)
        assert "Traceback" not in terminal.text


@pytest.mark.parametrize("stream", ["stdin", "stderr"])
def test_nothing_is_asked_where_nobody_would_see_it_or_answer(
    refusing_url: str, stream: str, tmp_path: Path
) -> None:
    with (
        (tmp_path / "stream").open("w+") as file,
        PseudoTerminal(["-l", "-b", refusing_url], {}, streams={stream: file}) as terminal,
    ):
        assert terminal.end() == 3
        file.seek(0)
        told = file.read() if stream == "stderr" else terminal.text
    assert f"`manageTF --login -b {refusing_url} -u USER`" in told
    assert "no built-in user and password" in told
    assert "Password" not in terminal.text


def test_login_asks_and_saves(live_place: Place, tmp_path: Path) -> None:
    with PseudoTerminal(["--login", "-b", live_place.url], {}) as terminal:
        terminal.expect("User at .*: ")
        terminal.press(f"{live_place.user}\n")
        terminal.expect("Password of .*: ")
        terminal.press(f"{live_place.password}\n")
        assert terminal.end() == 0
        assert f"logged in to {live_place.url} as {live_place.user}" in terminal.text
        assert live_place.password not in terminal.raw
    (saved,) = saved_logins(tmp_path)
    assert (saved["url"], saved["user"]) == (live_place.url, live_place.user)
    with PseudoTerminal(["--login"], {}) as terminal:
        terminal.expect(rf"User at {live_place.url} \[{live_place.user}\]: ")
        terminal.press("\n")
        terminal.expect(f"Password of {live_place.user} ")
        terminal.press("wrong\n")
        assert terminal.end() == 3


def test_whoami_is_a_table(live_login: dict[str, str], live_place: Place) -> None:
    with PseudoTerminal(["--whoami"], live_login) as terminal:
        assert terminal.end() == 0
        assert f"URL          {live_place.url}" in terminal.text
        assert "credentials  environment" in terminal.text


def test_watch_shows_a_live_bar_and_leaves_the_end(
    live_login: dict[str, str], live_run: Run
) -> None:
    with PseudoTerminal(["-w", live_run.uuid], live_login, program=QUICK_WATCH) as terminal:
        terminal.expect("5 waiting   0 computing   0 of 5 done")
        finish(live_run, 3)
        terminal.expect(" 60.0 %")
        finish(live_run)
        assert terminal.end() == 0
        assert terminal.text.endswith("0 waiting   0 computing   5 of 5 done   finished\n")
        assert terminal.raw.index(HIDE_CURSOR) < terminal.raw.index(SHOW_CURSOR)


@pytest.mark.parametrize("others", [0, 1])
def test_watch_tells_the_time_left_as_a_range(
    live_login: dict[str, str], live_farm: Farm, live_run: Run, others: int
) -> None:
    run = live_farm.create_run(100_000)
    words = ["-w", run.uuid, *[live_run.uuid] * others]
    left = r"(about |up to )?[\d.]+( to [\d.]+)? (s|min|h) left"
    with PseudoTerminal(words, live_login, columns=200, program=QUICK_WATCH) as terminal:
        with steadily_completed(run):
            terminal.expect(rf"[\d.]+( to [\d.]+)? tasks/(s|min)(   |, ){left}")
        terminal.press(CTRL_C)
        assert terminal.end() == 130
        assert "of 100000" in terminal.text.rpartition("manageTF: interrupted")[0][-400:]
    run.delete()


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_a_watch_that_is_ended_gives_the_cursor_back(
    live_login: dict[str, str], live_run: Run, end: signal.Signals
) -> None:
    with PseudoTerminal(["-w", live_run.uuid], live_login) as terminal:
        terminal.expect("0 of 5 done")
        terminal.process.send_signal(end)
        assert terminal.end() == (130 if end is signal.SIGINT else -end)
        assert SHOW_CURSOR in terminal.raw.split(HIDE_CURSOR)[1]
        assert "Traceback" not in terminal.text


def test_watch_on_a_dumb_terminal_prints_lines(live_login: dict[str, str], live_run: Run) -> None:
    finish(live_run)
    with PseudoTerminal(["-w", live_run.uuid], {**live_login, "TERM": "dumb"}) as terminal:
        assert terminal.end() == 0
        assert terminal.raw == f"{live_run.id} {live_run.uuid} 5 (0,0,5) 100.0\n"


def test_wait_is_silent_until_the_end(live_login: dict[str, str], live_run: Run) -> None:
    finish(live_run)
    with PseudoTerminal(
        ["--wait", live_run.uuid], live_login, streams={"stderr": subprocess.DEVNULL}
    ) as terminal:
        assert terminal.end() == 0
        assert terminal.text.startswith(f"run {live_run.id}  {live_run.uuid}\n")


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_several_runs_have_a_line_each_that_fits_and_stays(
    live_login: dict[str, str], live_farm: Farm, columns: int
) -> None:
    first, second, third = (live_farm.create_run(count) for count in (3, 40, 2))
    words = ["-w", first.uuid, second.uuid, third.uuid]
    with PseudoTerminal(words, live_login, columns=columns, program=QUICK_WATCH) as terminal:
        terminal.expect(r"0 of 40 ")
        with first.worker() as worker:
            for task in worker:
                task.fail("meant to", final=True)
        terminal.expect(r"failed")
        finish(second, 20)
        terminal.expect(r"20 of 40 ")
        third.delete()
        terminal.expect(f"manageTF: run {third.uuid} was deleted")
        finish(second)
        assert terminal.end() == 4
    *_, last = terminal.text.split("manageTF: of 3 runs: ")
    assert " ".join(last.split()).startswith(f"1 deleted ({third.uuid}); 3 of 3 tasks of run ")
    lines = terminal.text[: -len(last)].splitlines()
    assert max(map(len, lines)) <= columns
    shown = lines[-4:-1]
    label = 32 if columns == 200 else 8
    assert [one.split()[0] for one in shown] == [run.uuid[:label] for run in (first, second, third)]
    assert [re.split(r" {2,}", one)[-1] for one in shown] == [
        "finished, 3 tasks failed",
        "finished",
        "deleted",
    ]
    assert HIDE_CURSOR in terminal.raw
    assert terminal.raw.rindex(SHOW_CURSOR) > terminal.raw.rindex(HIDE_CURSOR)


def test_of_more_runs_than_lines_the_last_line_tells(
    live_login: dict[str, str], live_farm: Farm
) -> None:
    runs = [live_farm.create_run(1) for _ in range(30)]
    words = ["-w", *(run.uuid for run in runs)]
    with PseudoTerminal(words, live_login, program=QUICK_WATCH) as terminal:
        terminal.expect(r"and 8 runs more: 8 waiting")
        finish(runs[0])
        # The one that is finished makes room for one that waits.
        terminal.expect(r"and 8 runs more: 7 waiting, 1 finished")
        for run in runs[1:]:
            finish(run)
        assert terminal.end() == 0
        assert terminal.text.endswith("and 8 runs more: 8 finished\n")


def test_several_runs_on_a_dumb_terminal_are_lines(
    live_login: dict[str, str], live_run: Run, live_farm: Farm
) -> None:
    other = live_farm.create_run(2)
    finish(live_run)
    finish(other)
    words = ["-w", live_run.uuid, other.uuid]
    with PseudoTerminal(words, {**live_login, "TERM": "dumb"}) as terminal:
        assert terminal.end() == 0
        assert terminal.raw == (
            f"{live_run.id} {live_run.uuid} 5 (0,0,5) 100.0\n"
            f"{other.id} {other.uuid} 2 (0,0,2) 100.0\n"
        )


@pytest.mark.parametrize("variables", [{}, {"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_the_picture_of_a_run_is_the_same_in_all_terminals(
    live_login: dict[str, str], live_run: Run, variables: dict[str, str]
) -> None:
    with live_run.worker() as worker:
        for outcome in ("done", "done", "failed"):
            task = worker.claim()
            assert task is not None
            if outcome == "done":
                task.complete()
            else:
                task.fail("meant to", final=True)
    words = ["--tasks", "--map", live_run.uuid]
    with PseudoTerminal(words, {**live_login, **variables}, columns=60) as terminal:
        assert terminal.end() == 0
        assert terminal.text.splitlines()[-2:] == ["0 ##x..", "x failed   # done   . waiting"]
        assert ("\x1b[32m" in terminal.raw) == (not variables)
