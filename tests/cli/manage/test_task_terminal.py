"""Single tasks at a real pseudo-terminal, over the real server: what a person sees."""

from __future__ import annotations

import os
import subprocess

import httpx
import pytest

from taskfarm_sdk import Farm, Run
from tests.support.constants import command_with
from tests.support.pseudo_terminal import CTRL_C, PseudoTerminal

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals are Unix's"),
]
ERASE = "\x1b[K"
# Looks at a broken run twice at once, and not after seconds; shows how far it is from the start.
QUICK = command_with(
    "taskfarm_cli.manage.main",
    {
        "taskfarm_sdk._flows.repair.LOOK_AGAIN_S": (0.0, 0.01),
        "taskfarm_cli.manage.progress.DRAW_EVERY_S": 0.0,
    },
)

# Shows nothing of how far it is, however slow the machine is.
UNDRAWN = command_with(
    "taskfarm_cli.manage.main", {"taskfarm_cli.manage.progress.DRAW_EVERY_S": 3600.0}
)


@pytest.fixture
def mixed_run(live_farm: Farm) -> Run:
    """A run of 5: one done, one failed, the rest not made yet."""
    run = live_farm.create_run(5)
    with run.worker() as worker:
        for outcome in ("done", "failed"):
            task = worker.claim()
            assert task is not None
            if outcome == "done":
                task.complete()
            else:
                task.fail("meant to", final=True)
    return run


def test_tasks_are_a_table(live_login: dict[str, str], mixed_run: Run) -> None:
    with PseudoTerminal(["--tasks", mixed_run.uuid], live_login, program=UNDRAWN) as terminal:
        assert terminal.end() == 0
        assert terminal.text.splitlines() == [
            "TASK  STATE         DONE  ATTEMPTS",
            "   0  done       100.0 %         0",
            "   1  failed       0.0 %         1",
            "   2  waiting          -         0",
            "   3  waiting          -         0",
            "   4  waiting          -         0",
        ]


def test_no_tasks_are_said_to_be_none(live_login: dict[str, str], mixed_run: Run) -> None:
    with PseudoTerminal(
        ["--tasks", "--state", "computing", mixed_run.uuid], live_login, program=UNDRAWN
    ) as terminal:
        assert terminal.end() == 0
        assert terminal.text == "no such tasks\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--reset-failed"], "1 failed task set waiting"),
        (
            ["--reset-task", "0-4"],
            "2 tasks set waiting (not counting those that already waited at 0 %)",
        ),
    ],
    ids=["failed", "named"],
)
def test_resets_are_told_with_their_number_and_nothing_is_asked(
    live_login: dict[str, str], mixed_run: Run, words: list[str], told: str
) -> None:
    with PseudoTerminal(
        [*words, mixed_run.uuid], live_login, columns=60, program=UNDRAWN
    ) as terminal:
        assert terminal.end() == 0
        assert " ".join(terminal.text.split()) == f"run {mixed_run.uuid}: {told}"
        assert max(map(len, terminal.text.splitlines())) <= 60


def test_info_tells_what_helps(live_login: dict[str, str], mixed_run: Run) -> None:
    with mixed_run.worker() as worker:
        for task in worker:
            task.complete()
    with PseudoTerminal(["-i", mixed_run.uuid], live_login) as terminal:
        assert terminal.end() == 0
        assert f"1 failed: `manageTF --tasks --state failed {mixed_run.uuid}`" in terminal.text
        assert f"`manageTF --reset-failed {mixed_run.uuid}`" in terminal.text
        assert max(map(len, terminal.text.splitlines())) <= 80


def break_run(run: Run, farm: Farm, number: int) -> None:
    """Have a task of a run made, and done, before its turn."""
    with httpx.Client(base_url=farm.url, auth=(farm.login(), "")) as client:
        body = {"percentCompleted": 100.0, "status": "done"}
        client.put(f"runs/{run.uuid}/tasks/{number}", json=body).raise_for_status()


def test_a_repair_shows_how_far_it_is_and_takes_that_away(
    live_login: dict[str, str], live_farm: Farm
) -> None:
    run = live_farm.create_run(30)
    break_run(run, live_farm, 29)
    with PseudoTerminal(["--repair", run.uuid], live_login, program=QUICK) as terminal:
        terminal.expect(r"\d+ of 30 tasks\r")
        assert terminal.end() == 0
        assert terminal.raw.rpartition(" of 30 tasks\r")[2].startswith(ERASE)
        said = " ".join(terminal.text.split())
        assert said.endswith(f"run {run.uuid} is repaired: 29 missing tasks created, waiting")


def test_a_repair_is_quiet_where_stderr_is_no_terminal(
    live_login: dict[str, str], live_farm: Farm
) -> None:
    run = live_farm.create_run(30)
    break_run(run, live_farm, 29)
    with PseudoTerminal(
        ["--repair", run.uuid],
        live_login,
        streams={"stderr": subprocess.DEVNULL},
        program=QUICK,
    ) as terminal:
        assert terminal.end() == 0
        assert " of 30 tasks" not in terminal.text
        assert "is repaired" in terminal.text


def test_control_c_ends_a_repair_with_130(live_login: dict[str, str], live_farm: Farm) -> None:
    run = live_farm.create_run(100_000)
    break_run(run, live_farm, 99_999)
    with PseudoTerminal(["--repair", run.uuid], live_login, program=QUICK) as terminal:
        terminal.expect(r"\d+ of 100000 tasks\r")
        terminal.press(CTRL_C)
        assert terminal.end() == 130
        assert "manageTF: interrupted" in terminal.text
        assert "Traceback" not in terminal.text
    run.delete()
