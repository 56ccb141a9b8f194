"""The last words of `--show`, and its exit status."""

from __future__ import annotations

import pytest

from taskfarm_cli.common.exit_status import CommandError
from taskfarm_cli.work.show.summary import Summary


def summary(*, succeeded: int = 0, failed: int = 0, missing: int = 0) -> Summary:
    """Return a summary of items in this order."""
    made = Summary("my out")
    for _ in range(succeeded):
        made.succeeded()
    for item in range(failed):
        made.failed(item)
    for item in range(missing):
        made.missing(100 + item)
    return made


def test_where_all_succeeded_nothing_is_said() -> None:
    assert summary(succeeded=3).end() == 0


@pytest.mark.parametrize(
    ("counts", "status", "said"),
    [
        (
            {"succeeded": 1, "failed": 2},
            5,
            "my out: of 3 items, 2 failed: 0, 1 (`workTF --show 'my out' --failed` says how)",
        ),
        ({"missing": 1}, 7, "my out: of 1 item, 1 not there, because no attempt has ended: 100"),
        ({"failed": 1, "missing": 2}, 5, "; 2 not there, because no attempt has ended: 100, 101"),
        ({"missing": 3000}, 7, "3,000 not there"),
        ({"missing": 3000}, 7, "118, 119 and 2,980 more"),
    ],
)
def test_what_failed_and_what_is_missing_is_named(
    counts: dict[str, int], status: int, said: str
) -> None:
    with pytest.raises(CommandError) as raised:
        summary(**counts).end()
    assert raised.value.status == status
    assert said in str(raised.value)


def test_a_list_of_failures_is_a_success_unless_items_are_missing() -> None:
    assert summary(failed=2).end(has_listed=True) == 0
    with pytest.raises(CommandError) as raised:
        summary(failed=2, missing=1).end(has_listed=True)
    assert raised.value.status == 7
    assert "failed" not in str(raised.value)
