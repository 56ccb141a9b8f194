"""The status line of workTF: what it says of a pause."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from taskfarm_cli.work.status_line import StatusLine
from taskfarm_sdk import RunStatus
from taskfarm_sdk._items.chunks import Chunks

STATUS = RunStatus(
    num_tasks=9, waiting=5, computing=0, done=4, failed=None, percent_done=100 * 4 / 9
)


@pytest.mark.parametrize(("size", "said"), [(2, "1 running here"), (0, "paused, 1 running here")])
def test_a_pause_is_said_and_no_time_is_estimated_in_it(size: int, said: str) -> None:
    drawn: list[str] = []
    screen: Any = SimpleNamespace(is_live=False, draw=lambda *words, status: drawn.extend(words))
    dispatcher: Any = SimpleNamespace(size=size, busy=1, failures=0)
    estimate: Any = SimpleNamespace(left_text=lambda _: "9 s left", rate_text=lambda: "1 task/s")
    run: Any = None
    line = StatusLine(run, dispatcher, screen, Chunks(9, 9))
    line._status, line._estimate = STATUS, estimate
    line.show()
    assert said in drawn
    assert ("9 s left" in drawn) == bool(size)
