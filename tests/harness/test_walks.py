"""The two walks of CONTRIBUTING.md, compared with what is called when they are taken."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import pytest

from taskfarm_cli.manage.main import main
from taskfarm_sdk.testing import LocalServer

pytestmark = pytest.mark.live

PAGE = Path(__file__).parents[2] / "CONTRIBUTING.md"


def walks() -> list[list[str]]:
    """Return the functions of each table of the section, in their order."""
    text = PAGE.read_text(encoding="utf-8")
    section = text.partition("## How a request travels")[2].partition("\n## ")[0]
    tables = re.findall(r"\| --- \| --- \|\n((?:\|.*\n)+)", section)
    return [re.findall(r"^\| `([\w.]+)` \|", table, flags=re.MULTILINE) for table in tables]


def called_by(act: Callable[[], object]) -> list[str]:
    """Return the functions of ours that something calls, each where it is called first."""
    called: dict[str, None] = {}

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            code = frame.f_code
            called.setdefault(f"{frame.f_globals.get('__name__')}.{code.co_qualname}")

    sys.setprofile(note)
    try:
        act()
    finally:
        sys.setprofile(None)
    return list(called)


def assert_taken(walk: list[str], called: list[str]) -> None:
    """See that each function of a walk was called, in this order."""
    assert [name for name in walk if name not in called] == []
    assert sorted(walk, key=called.index) == walk


def test_a_uuid_travels_to_the_wire_and_back(
    taskfarm_server: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    walk, _ = walks()
    with taskfarm_server.farm() as farm:
        run = farm.create_run(1)
        monkeypatch.setenv("TASKFARM_URL", farm.url)
        monkeypatch.setenv("TASKFARM_TOKEN", farm.login())
        assert_taken(walk, called_by(lambda: main(["-i", run.uuid])))
        run.delete()


def test_a_task_is_claimed_and_completed(taskfarm_server: LocalServer) -> None:
    _, walk = walks()
    with taskfarm_server.farm() as farm:
        run = farm.create_run(1)

        def work() -> None:
            for task in run.worker():
                with task:
                    pass

        assert_taken(walk, called_by(work))
        run.delete()
