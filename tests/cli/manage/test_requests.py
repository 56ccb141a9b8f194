"""How many requests each mode of manageTF sends for a run of 3 finished tasks, with a token."""

from __future__ import annotations

from pathlib import Path

import pytest

from taskfarm_cli.manage.main import main
from taskfarm_cli.manage.modes import MODES
from taskfarm_sdk.logins import save_login
from tests.support.odd_numbers import UUID
from tests.support.stub_farm import StubRun, requests_at, stub_farm

LIST, RUN = "GET runs", "GET runs/UUID"
TASKS = [f"GET runs/UUID/tasks/{number}" for number in range(3)]

#: Words of the command line, and all that is sent. What a mode does to a run begins with a look at
#: it, which gives up soon: that is one request, and the mode's own ones follow.
BUDGET: dict[tuple[str, ...], list[str]] = {
    ("--list",): [LIST],
    ("--list", "--unfinished"): [LIST, RUN],
    ("--history",): [],
    ("--create", "3"): ["POST run"],
    ("--create", "3", "--name", "sweep"): ["POST run"],
    ("--info", UUID): [RUN],
    (UUID,): [RUN],
    ("--info", "--json", UUID): [RUN],
    ("--info", UUID[:7]): [LIST, RUN],
    ("--tasks", UUID): [RUN, RUN, *TASKS],
    ("--wait", UUID): [RUN, RUN],
    ("--watch", UUID): [RUN, RUN],
    ("--watch", UUID, UUID): [RUN, RUN],
    ("--watch", "--unfinished"): [LIST, RUN],
    ("--wait", "--unfinished"): [LIST, RUN],
    ("--tasks", "--map", UUID): [RUN, RUN, *TASKS],
    ("--tasks", "--map", "--journal", ".", UUID): [RUN, RUN],
    ("--report", "out.html", UUID): [RUN],
    ("--report", "out.html", "--read-tasks", UUID): [RUN, RUN, *TASKS],
    ("--reset", UUID): [
        RUN,
        "POST runs/UUID/restart?all=False",
        "GET runs/UUID?info=numComputing",
    ],
    ("--reset-all", UUID): [RUN, "POST runs/UUID/restart?all=True"],
    # A finished run without failures: its counts before the search and in it show that.
    ("--reset-failed", UUID): [RUN, RUN, RUN],
    ("--reset-task", "1", UUID): [RUN, RUN, TASKS[1], "PUT runs/UUID/tasks/1"],
    # Refused, because the stub hands out a task, which is given back.
    ("--repair", UUID): [
        *(RUN, RUN, "POST worker", "POST runs/UUID/task", "PUT runs/UUID/tasks/0"),
    ],
    ("--delete", UUID): [RUN, "DELETE runs/UUID"],
    ("--login", "-u", "me", "-p", "secret"): ["GET token"],
    ("--whoami",): ["GET token"],
    ("--logout",): [],
}


@pytest.mark.parametrize(
    ("words", "sent"), BUDGET.items(), ids=[" ".join(words) for words in BUDGET]
)
def test_a_mode_sends_no_request_more_than_it_needs(
    words: tuple[str, ...], sent: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TASKFARM_CONFIG", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with stub_farm(StubRun(), monkeypatch) as server:
        save_login(server.url, "me", "a-token")
        assert main(words) == (1 if "--repair" in words else 0)
        # Tasks are read several at a time, in no set order.
        assert sorted(requests_at(server)) == sorted(sent)


def test_each_mode_has_a_budget() -> None:
    assert {word for words in BUDGET for word in words} >= {mode.options[0] for mode in MODES}
