"""Outcomes of an attempt, and what each of them does to its task."""

from __future__ import annotations

import pytest

from taskfarm_sdk.execution.outcome import settle
from taskfarm_sdk.execution.parts import Completed, Failed, Outcome, Released
from tests.support.handles import NotingHandle


@pytest.mark.parametrize(
    ("outcome", "note"),
    [
        (Completed(), ("complete",)),
        (Released(), ("release",)),
        (Failed("no luck"), ("fail", "no luck", False, None)),
        (Failed("never", final=True, exit_status=3), ("fail", "never", True, 3)),
    ],
)
def test_a_task_is_settled_once_as_its_outcome_says(
    outcome: Outcome, note: tuple[object, ...]
) -> None:
    handle = NotingHandle()
    settle(handle, outcome)
    assert handle.notes == [note]


def test_a_failed_outcome_names_the_items_that_failed() -> None:
    handle = NotingHandle()
    settle(handle, Failed("2 of 9 items failed", failed_items=(17, 19)))
    assert handle.failed_items == (17, 19)
