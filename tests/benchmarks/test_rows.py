"""What the benchmarks make of what they measured."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import attrs
import pytest

from benchmarks import report
from benchmarks.peers import Missing, Peers, debian
from benchmarks.rounds import alternate, ratio, spread
from benchmarks.rows import Curve, Row, at_least, at_most, missing

ROW = Row(what="tasks/s", against="them", figure="2.5 x", target=">= 2 x", reached=True)


def test_the_sides_take_turns_and_none_is_always_first() -> None:
    order: list[str] = []

    def measure(side: str) -> float:
        order.append(side)
        return 1.0

    sides = {side: partial(measure, side) for side in "ab"}
    assert alternate(sides, 3) == {"a": [1.0] * 3, "b": [1.0] * 3}
    assert "".join(order) == "abbaab"


def test_ratios_are_taken_within_a_round() -> None:
    found = ratio([10.0, 1.0, 4.0], [5.0, 1.0, 1.0])
    assert (found.median, found.low, found.high) == (2.0, 1.0, 4.0)


@pytest.mark.parametrize(("median", "reached"), [(1.99, False), (2.0, True), (2.01, True)])
def test_a_target_is_reached_by_the_median(median: float, reached: bool) -> None:
    assert at_least(spread([0.1, median, 9.0]), 2.0) == (">= 2", reached)
    assert at_most(spread([-9.0, -median, 0.1]), -2.0) == ("<= -2", reached)


def test_what_is_missing_has_a_row_that_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Missing, match="apt-get install wrk") as caught:
        debian("wrk")
    row = missing("the limit", "wrk", str(caught.value))
    assert "apt-get install wrk" in report.line(row)
    assert "apt-get install wrk" in report.as_markdown({}, [row], {})


def test_a_peer_that_could_not_be_installed_says_why() -> None:
    with pytest.raises(Missing, match="no network"):
        Peers({}, {"hypershell": "no network"}).program("hypershell", "hs")


def test_what_is_measured_again_takes_the_place_of_what_was_and_is_named() -> None:
    first, second = attrs.evolve(ROW, measure="a"), attrs.evolve(ROW, measure="b")
    curve = Curve(plot="p", side="s", points=[(1.0, 2.0)], measure="b")
    earlier = report.from_json(report.as_json({}, [first, second, curve], ["b"]))
    assert earlier.again == ["b"]
    newer = attrs.evolve(first, figure="3 x")
    found = report.replaced(earlier.results, [newer], ["a", "b"])
    assert [(one.measure, getattr(one, "figure", "")) for one in found] == [
        ("a", "3 x"),
        ("b", "2.5 x"),
        ("b", ""),
    ]
    page = report.as_markdown({}, found, {}, ["a", "b"])
    assert f"{report.AGAIN}a, b.\n" in page
    assert report.AGAIN not in report.as_markdown({}, found, {})


def test_a_line_that_is_not_reached_is_told_in_all_reports() -> None:
    row = Row(what="tasks/s", against="them", figure="1 x", target=">= 2 x", reached=False)
    assert "NO" in report.line(row)
    assert "| **no** |" in report.as_markdown({}, [row], {})
    assert json.loads(report.as_json({}, [row]))["rows"][0]["reached"] is False


def test_the_page_names_the_machine_and_shows_the_plots() -> None:
    curve = Curve(plot="rates", side="ours", points=[(1, 2)])
    page = report.as_markdown({"cores": "2"}, [ROW, curve], {"rates of a": Path("x/rates.svg")})
    assert "- cores: 2\n" in page
    assert "![rates of a](benchmarks/rates.svg)" in page
    assert "| tasks/s | them | >= 2 x | 2.5 x | yes |" in page
