"""What notebooks show: everything is said, escaped, and nothing is fetched or asked for."""

from __future__ import annotations

import asyncio
import math
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import attrs
import pytest

from taskfarm_sdk import AsyncFarm, Farm, RunStatus, results
from taskfarm_sdk import aio as asyncio_side
from taskfarm_sdk import run as run_module
from taskfarm_sdk._protocol.operations import RunRow
from tests.support.results_folders import new_folder, write

UUID = "0123456789abcdef" * 2
HOSTILE = "<script>alert(1)</script>\"'&\x1b[31m\u202e\ud800"
STATUS = RunStatus(
    num_tasks=40, waiting=10, computing=10, done=20, failed=None, percent_done=56.26, rows=40
)


class Page(HTMLParser):
    """The elements and the text of a piece of HTML; fails where elements are not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def shown(value: Any) -> Page:
    text = value._repr_html_()
    assert isinstance(text, str)
    text.encode()  # halves of characters cannot be sent
    page = Page(text)
    assert {tag for tag, _ in page.elements} <= {
        "div", "table", "thead", "tbody", "tr", "th", "td",
    }  # fmt: skip
    names = {name for _, held in page.elements for name in held}
    assert names <= {"style", "role", "aria-label", "scope"}
    # The page decides whether text is light or dark; nothing is fetched by a style.
    styles = [held.get("style") or "" for _, held in page.elements]
    assert not [style for style in styles if re.search(r"(^|;)color:|url\(", style)]
    return page


def run_with(num_tasks: str = "40", number: int = 7) -> RunRow:
    return RunRow(uuid=UUID, id=number, held=num_tasks)


@pytest.fixture
def farm() -> Farm:
    return Farm("http://farm.invalid/api/", token="a-token")


def test_a_status_shows_its_numbers_and_that_failed_is_unknown() -> None:
    page = shown(STATUS)
    assert page.words == [
        "waiting", "10", "computing", "10", "done", "20 of 40",
        "failed", "unknown until the run is finished", "percent done", "56.2 %",
    ]  # fmt: skip
    (label,) = [held["aria-label"] for _, held in page.elements if "aria-label" in held]
    assert label == str(STATUS)


@pytest.mark.parametrize("percent", [math.nan, math.inf, -1.0, 1e300])
@pytest.mark.parametrize("num_tasks", [0, 1, 40])
def test_odd_numbers_of_other_clients_are_shown(percent: float, num_tasks: int) -> None:
    odd = attrs.evolve(STATUS, num_tasks=num_tasks, percent_done=percent, failed=50)
    widths = re.findall(r"[\";]width:([^%]*)%", odd._repr_html_())
    assert all(0 <= float(width) <= 100 for width in widths)
    assert str(odd)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "20 of 40 tasks done (56.2 %), 10 computing, 10 waiting"),
        (
            {"waiting": 0, "percent_done": 99.99},
            "20 of 40 tasks done (99.9 %), 10 computing, 0 waiting",
        ),
        ({"waiting": 0, "computing": 0, "done": 40, "failed": 0}, "40 of 40 tasks done, 0 failed"),
        ({"waiting": 0, "computing": 0, "done": 40, "failed": 3}, "40 of 40 tasks done, 3 failed"),
        (
            {"waiting": 0, "computing": 0, "done": 40},
            "40 of 40 tasks done, unknown how many failed",
        ),
        (
            {"num_tasks": 1, "waiting": 0, "computing": 0, "done": 1, "failed": 0},
            "1 of 1 task done, 0 failed",
        ),
    ],
)
def test_the_text_of_a_status_reads_well(changes: dict[str, Any], said: str) -> None:
    assert str(attrs.evolve(STATUS, **changes)) == said


def test_a_run_shows_what_is_known_without_a_request(farm: Farm) -> None:
    with farm:
        page = shown(run_module.run_of(farm._link, run_with()))
    assert page.words == [
        "run", UUID, "id", "7", "tasks", "40", "server", "http://farm.invalid/api/",
    ]  # fmt: skip


async def _async_page() -> Page:
    async with AsyncFarm("http://farm.invalid/api/", token="a-token") as farm:
        return shown(asyncio_side._run_of(farm._link, run_with()))


def test_a_run_of_asyncio_shows_the_same(farm: Farm) -> None:
    with farm:
        ours = shown(run_module.run_of(farm._link, run_with()))
    assert asyncio.run(_async_page()).words == ours.words


def test_what_another_client_stored_is_escaped(farm: Farm) -> None:
    with farm:
        run = run_module.run_of(farm._link, run_with(HOSTILE))
        for value in (run, run_module.runs_of(farm._link, [run_with(HOSTILE)])):
            (words,) = [text for text in shown(value).words if "alert" in text]
            assert words == "<script>alert(1)</script>\"'&\ufffd[31m\ufffd\ufffd"


def test_a_list_of_runs_is_a_table_of_the_newest(farm: Farm) -> None:
    with farm:
        runs = run_module.runs_of(farm._link, [run_with(number=number) for number in range(250)])
        page = shown(runs)
        assert runs == list(runs)
    assert page.words[0] == "250 runs; the 150 oldest are not shown"
    rows = page.words[4:]
    assert rows[::3] == [str(number) for number in range(150, 250)]


def test_results_show_how_many_there_are_and_the_first(tmp_path: Path) -> None:
    folder = new_folder(tmp_path / "results", 12, [HOSTILE, *range(11)])
    write(folder, {0: HOSTILE, 1: [1.5] * 1000})
    page = shown(results(tmp_path / "results"))
    assert page.words[1] == "2 of 12 items have a value, 0 failed, 10 not computed"
    assert page.words[2:5] == ["number", "item", "value"]
    assert page.words[5] == "0"
    assert "<script>" in page.words[6]
    assert page.words[10].startswith("[1.5, 1.5,")
    assert all(len(word) <= 100 for word in page.words[1:])
    assert page.words[-1] == "… and 2 more"


class Raising:
    """A value whose own methods fail."""

    def __repr__(self) -> str:
        raise RuntimeError("no text")


def test_results_whose_values_have_no_text_are_shown(tmp_path: Path) -> None:
    write(new_folder(tmp_path / "results", 1), {0: Raising()})
    assert "<Raising instance at" in shown(results(tmp_path / "results")).words[-1]


def test_results_that_may_not_be_read_say_so(tmp_path: Path) -> None:
    file = write(new_folder(tmp_path / "results", 1), {0: 1})
    found = results(tmp_path / "results")
    file.chmod(0o666)
    (said,) = shown(found).words
    assert said.startswith(f"Results in {tmp_path / 'results'} cannot be read: ")
