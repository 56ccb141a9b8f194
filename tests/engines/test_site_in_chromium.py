"""The site that `make docs` built, in a real browser: on a phone, at a desk, light, dark, printed.

axe-core looks at one page of each kind, and with `TASKFARM_WHOLE_SITE=1`, as in `.ci/full`, at all
pages in all looks. The rest is of all pages always.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import engines
from tests.support.chromium import Browser, Page
from tests.support.processes import wait_until

ROOT = Path(__file__).parents[2]
DOCS, SITE = ROOT / "docs", ROOT / "build" / "docs"
PHONE, DESK = 390, 1280
# What is left of A4 between the margins.
PAPER = 718
PAGES = sorted(
    [
        *(str(source.relative_to(DOCS).with_suffix("")) for source in DOCS.rglob("*.md")),
        *("genindex", "py-modindex", "search"),
    ]
)
WHOLE = os.environ.get("TASKFARM_WHOLE_SITE", "0") == "1"
# One of each kind: the texts that come first, options and their helps, signatures, wide tables; and
# the two that are larger than all others. The widths and the schemes come in turns.
SAMPLE = [
    ("index", PHONE, False),
    ("tutorial/ten-minutes", DESK, True),
    ("reference/viewTF", DESK, False),
    ("reference/api/farm", PHONE, True),
    ("reference/http-api", DESK, True),
    ("benchmarks", PHONE, False),
]
LOOKS = list(itertools.product(PAGES, (PHONE, DESK), (False, True))) if WHOLE else SAMPLE
# The theme lets the root cut what is too wide, and what is in it scroll: both are asked.
TAKEN = """
Math.max(...[document.documentElement, document.querySelector(".content")]
    .map((part) => part.getBoundingClientRect().left + part.scrollWidth))
"""
# The code and the tables of which the paper shows a part, and what can only be pressed.
CUT = """
[
    ...[...document.querySelectorAll(".skip-to-content, .sidebar-drawer, .toc-drawer")]
        .filter((part) => part.checkVisibility())
        .map((part) => part.className),
    ...[...document.querySelectorAll("article pre, article .table-wrapper")]
        .filter((part) => part.scrollWidth > part.clientWidth + 1)
        .map((part) => `${part.scrollWidth} of ${part.clientWidth} px: ${part.innerText}`)
]
"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    not_built = [name for name in PAGES if not (SITE / f"{name}.html").exists()]
    if not_built:
        engines.is_missing("the site", f"make docs (build/docs has no {', '.join(not_built)})")
    with Browser() as made:
        yield made


def address(name: str) -> str:
    return (SITE / f"{name}.html").as_uri()


def opened(page: Page, url: str) -> None:
    page.go(url)
    # The empty page before it is complete, too.
    there = f"location.href === {url!r} && document.readyState === 'complete'"
    wait_until(lambda: page.run(there) is True)


def asked(page: Page) -> list[str]:
    """Return the addresses of all requests so far but those for files."""
    # The style sheet has its icons in itself.
    return [url for url in page.requested() if not url.startswith(("file:", "data:"))]


def wide(page: Page, width: int) -> list[str]:
    """Return how much wider a page is than a screen."""
    page.resize(width, 844)
    taken = page.run(TAKEN)
    return [f"{taken} px on a screen of {width} px"] if taken > width else []


def cut(page: Page) -> list[str]:
    """Return what a printed page shows in part, and what on it could only be pressed."""
    page.resize(PAPER, 1000)
    page.ask("Emulation.setEmulatedMedia", media="print")
    found: list[str] = page.run(CUT)
    page.ask("Emulation.setEmulatedMedia", media="")
    return found


def lightness(page: Page) -> float:
    """Return how light the ground is, from 0 to 255."""
    colour = page.run("getComputedStyle(document.body).backgroundColor")
    numbers = [float(part) for part in colour.partition("(")[2].rstrip(")").split(",")[:3]]
    return sum(numbers) / 3


def test_the_pages_are_those_that_were_built(chromium: Browser) -> None:
    built = {str(page.relative_to(SITE).with_suffix("")) for page in SITE.rglob("*.html")}
    assert set(PAGES) == built


def test_each_page_fits_a_phone_a_desk_and_paper_and_asks_no_other_host(chromium: Browser) -> None:
    faults: dict[str, list[str]] = {}
    with chromium.page(PHONE, 844) as page:
        for name in PAGES:
            opened(page, address(name))
            faults[name] = [*wide(page, PHONE), *wide(page, DESK), *cut(page)]
            page.resize(PHONE, 844)
        assert asked(page) == []
        assert page.complaints() == []
    assert {name: found for name, found in faults.items() if found} == {}


@pytest.mark.parametrize(("name", "width", "dark"), LOOKS)
def test_a_page_leaves_nobody_out(chromium: Browser, name: str, width: int, dark: bool) -> None:
    with chromium.page(width, 844, dark=dark) as page:
        opened(page, address(name))
        assert (lightness(page) < 128) == dark
        assert page.violations() == []


@pytest.mark.parametrize(("width", "dark"), [(PHONE, True), (DESK, False)])
def test_the_search_finds_pages_without_a_server(chromium: Browser, width: int, dark: bool) -> None:
    with chromium.page(width, 844, dark=dark) as page:
        opened(page, f"{address('search')}?q=lease")
        page.wait_for("Search finished")
        found = page.run("[...document.querySelectorAll('#search-results a')].map((a) => a.href)")
        assert any(url.partition("?")[0] == address("explanation/leases") for url in found), found
        assert wide(page, width) == []
        assert asked(page) == []
        assert page.violations() == []
