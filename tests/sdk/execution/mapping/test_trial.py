"""The items that are tried to find out how many make a chunk."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from taskfarm_sdk import Items
from taskfarm_sdk.execution.mapping import trial

MIB = 1 << 20


@pytest.mark.parametrize(
    ("values", "tried"),
    [
        ([1, 2, 3], 3),
        (range(10**9), trial.MOST_ITEMS),
        ([bytes(6 * MIB)] * 9, 3),
        ([bytes(100 * MIB), b""], 1),
        # Packing all of them is what tells of it.
        ([threading.Lock()] * 2, 2),
    ],
)
def test_as_many_items_are_tried_as_can_be_sent_at_once(
    values: Sequence[object], tried: int
) -> None:
    assert len(trial._first_of(Items.of(values))) == tried
