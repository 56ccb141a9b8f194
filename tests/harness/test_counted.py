"""Cases that tests tried in one go, as the last lines of a run count them."""

from __future__ import annotations

import pytest

from tests.support.counted import COUNTED, summary


def report(*properties: tuple[str, object]) -> pytest.TestReport:
    return pytest.TestReport(
        nodeid="a test",
        location=("a file", 1, "a test"),
        keywords={},
        outcome="passed",
        longrepr=None,
        when="call",
        user_properties=list(properties),
    )


def test_cases_are_summed_by_kind() -> None:
    reports = [
        report((COUNTED, ("cells", 1_200))),
        # As a process of xdist sends it.
        report((COUNTED, ["cells", 300]), ("another", 5)),
        report((COUNTED, ("cases", 7))),
        report(),
    ]
    assert summary(reports) == "tried: 7 cases, 1,500 cells"


def test_without_cases_there_is_no_line() -> None:
    assert summary([report(("another", 5))]) == ""
