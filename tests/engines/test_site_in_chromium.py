"""The site that `make docs` built, in a real browser: on a phone, at a desk, light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import engines
from tests.support.chromium import Browser, Page
from tests.support.processes import wait_until

SITE = Path(__file__).parents[2] / "build" / "docs"
PHONE, DESK = 390, 1280
# One of each kind: the texts that come first, options and their helps, signatures, wide tables.
# The widths and the schemes come in turns.
LOOKS = [
    ("index", PHONE, False),
    ("tutorial/ten-minutes", DESK, True),
    ("reference/manageTF", DESK, False),
    ("reference/api/testing", PHONE, True),
    ("benchmarks", PHONE, False),
]
# So large that axe takes 3 to 6 s for each; smaller pages are made of the same.
LARGE = ["reference/api/farm", "reference/http-api"]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if not (SITE / "index.html").exists():
        engines.is_missing("the site", "make docs")
    with Browser() as made:
        yield made


def address(name: str) -> str:
    return (SITE / f"{name}.html").as_uri()


def opened(page: Page, url: str) -> None:
    page.go(url)
    # The empty page before it is complete, too.
    there = f"location.href === {url!r} && document.readyState === 'complete'"
    wait_until(lambda: page.run(there) is True)


def faults(page: Page, width: int) -> list[str]:
    """Return what asks another host, or is wider than the screen."""
    # The style sheet has its icons in itself.
    inside = ("file:", "data:")
    found = [f"asks for {url}" for url in page.requested() if not url.startswith(inside)]
    wide = page.run("document.documentElement.scrollWidth")
    return [*found, f"is {wide} px wide"] if wide > width else found


def lightness(page: Page) -> float:
    """Return how light the ground is, from 0 to 255."""
    colour = page.run("getComputedStyle(document.body).backgroundColor")
    numbers = [float(part) for part in colour.partition("(")[2].rstrip(")").split(",")[:3]]
    return sum(numbers) / 3


@pytest.mark.parametrize(("name", "width", "dark"), LOOKS)
def test_a_page_is_readable_and_asks_no_other_host(
    chromium: Browser, name: str, width: int, dark: bool
) -> None:
    with chromium.page(width, 844, dark=dark) as page:
        opened(page, address(name))
        assert (lightness(page) < 128) == dark
        assert faults(page, width) == []
        assert page.violations() == []


@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("name", LARGE)
def test_a_large_page_is_not_wider_than_the_screen(
    chromium: Browser, name: str, width: int
) -> None:
    with chromium.page(width, 844) as page:
        opened(page, address(name))
        assert faults(page, width) == []


@pytest.mark.parametrize(("width", "dark"), [(PHONE, True), (DESK, False)])
def test_the_search_finds_pages_without_a_server(chromium: Browser, width: int, dark: bool) -> None:
    with chromium.page(width, 844, dark=dark) as page:
        opened(page, f"{address('search')}?q=lease")
        page.wait_for("Search finished")
        found = page.run("[...document.querySelectorAll('#search-results a')].map((a) => a.href)")
        assert any(url.partition("?")[0] == address("explanation/leases") for url in found), found
        assert faults(page, width) == []
        assert page.violations() == []
