"""The report in a real browser: content, requests, light and dark, on a phone and on paper."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from taskfarm_cli.outcomes.item_facts import ItemFact
from taskfarm_cli.report import sections
from taskfarm_cli.report.facts import read_journal
from taskfarm_cli.report.items import ItemFacts
from taskfarm_cli.report.page import page as report_page
from taskfarm_sdk import RunStatus
from tests.support import engines
from tests.support.chromium import Browser, Page
from tests.support.journals import RUN, facts, failure, write

PHONE = 390
HOST = "node7.a-long-name-of-a-machine-in-a-cluster.invalid"
EVIL = "<script>document.title = 'run'</script><img src=http://evil.invalid/x>"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with Browser() as made:
        yield made


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a report with all its sections."""
    folder = tmp_path_factory.mktemp("report")
    path = folder / "report.html"
    path.write_text(report_page(f"Run {RUN}", ["Server: x"], made_sections(folder)))
    return path.as_uri()


def made_sections(folder: Path) -> list[str]:
    lines = [
        facts(n, begins_s=n, took_s=1 + n % 9, host=f"node{n % 3}", worker=f"{n % 5:032x}")
        for n in range(300)
    ]
    lines += [failure(n, f"out of memory at {n}", begins_s=-60, host=HOST) for n in range(40)]
    lines += [
        failure(n, f"ValueError: {EVIL}\n{'traceback ' * 60}", final=True, failed_items=[n])
        for n in range(300, 320)
    ]
    its = RunStatus(
        num_tasks=400, waiting=80, computing=0, done=320, failed=None, percent_done=75.0
    )
    items = ItemFacts(400)
    for n in range(320):
        items.add(ItemFact(n, repr("item " * 9), 1 + n % 2, 0.5 + n, n >= 300, EVIL * 9, None))
    return [
        sections.of_server(its),
        sections.of_journal(*read_journal(write(folder / "j", *lines), RUN, 400), its),
        sections.of_items(items),
    ]


def opened(page: Page, report: str) -> None:
    page.go(report)
    page.wait_for("Failed items")


def test_it_shows_what_happened_and_asks_nobody_for_anything(
    chromium: Browser, report: str
) -> None:
    with chromium.page() as page:
        opened(page, report)
        text = page.text
        for said in (
            f"Run {RUN}",
            "tasks were completed at a mean rate of",
            "out of memory at 0",
            "Tasks that failed for good",
            "Other tasks with a failed attempt",
            EVIL,
        ):
            assert said in text
        assert page.run("document.title") == f"Run {RUN}"
        assert page.run("document.images.length + document.scripts.length") == 0
        assert page.run("document.querySelectorAll('svg[role=img]').length") > 4
        assert page.requested() == [report]
        assert page.complaints() == []


@pytest.mark.parametrize(
    ("dark", "ground"), [(False, "rgb(255, 255, 255)"), (True, "rgb(13, 17, 23)")]
)
def test_a_phone_shows_all_without_scrolling_sideways_in_light_and_dark(
    chromium: Browser, report: str, dark: bool, ground: str
) -> None:
    with chromium.page(PHONE, 844, dark=dark) as page:
        opened(page, report)
        assert page.run("document.documentElement.scrollWidth") <= PHONE
        assert page.run("getComputedStyle(document.body).backgroundColor") == ground


@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing_that_is_hard_to_perceive_or_to_use(
    chromium: Browser, report: str, dark: bool
) -> None:
    with chromium.page(dark=dark) as page:
        opened(page, report)
        assert page.violations() == []


def test_it_prints_all_of_it_on_light_paper(chromium: Browser, report: str, tmp_path: Path) -> None:
    if shutil.which("pdftotext") is None:
        engines.is_missing("pdftotext", "apt-get install poppler-utils")
    with chromium.page(dark=True) as page:
        opened(page, report)
        page.print(tmp_path / "report.pdf")
        dark = {"name": "prefers-color-scheme", "value": "dark"}
        page.ask("Emulation.setEmulatedMedia", media="print", features=[dark])
        assert page.run("getComputedStyle(document.body).color") == "rgb(27, 31, 36)"
    done = subprocess.run(
        ["pdftotext", "-layout", tmp_path / "report.pdf", "-"],
        capture_output=True,
        text=True,
        check=True,
    )
    text = " ".join(done.stdout.split())
    for said in (f"Run {RUN}", "Throughput", "Who worked when", "Slowest completed attempts"):
        assert said in text
    # The last rows of tables, and what stands in their last columns.
    for said in ("since then", "319", "Failed items"):
        assert said in text
