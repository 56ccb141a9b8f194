"""The status line of workTF: what it says of a pause."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest

from taskfarm_cli.work.status_line import StatusLine
from taskfarm_sdk import RunStatus
from taskfarm_sdk._items.chunks import Chunks


def status(done: int) -> RunStatus:
    return RunStatus(
        num_tasks=9,
        waiting=9 - done,
        computing=0,
        done=done,
        failed=None,
        percent_done=100 * done / 9,
    )


@pytest.mark.parametrize(("size", "said"), [(2, "1 running here"), (0, "paused, 1 running here")])
def test_a_pause_is_said_and_no_time_is_estimated_in_it(size: int, said: str) -> None:
    drawn: list[str] = []
    screen: Any = SimpleNamespace(is_live=False, draw=lambda *words: drawn.extend(words))
    dispatcher: Any = SimpleNamespace(size=size, busy=1, failures=0)
    run: Any = None
    line = StatusLine(run, dispatcher, screen, Chunks(9, 9))
    now = time.monotonic()
    for second in range(5):
        line._status = status(second)
        line._pace.add(now - 10 + 2 * second, line._status)
    line.show()
    assert drawn[:2] == ["4 of 9 done", said]
    assert any("left" in word for word in drawn) == bool(size)
