"""What the cells of the example notebook show, in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest

from taskfarm_sdk.testing import LocalServer
from tests.support.chromium import Browser
from tests.support.notebooks import execute, pages

# Notebooks put each output into a page of theirs, light or dark, where a wide one can be scrolled.
FRAME = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Notebook</title>
<style>:root {{ color-scheme: light dark }} body {{ background: Canvas; color: CanvasText }}
section {{ overflow-x: auto }}</style>
<main><h1>Notebook</h1>{outputs}</main></html>"""


@pytest.fixture(scope="module")
def notebook(taskfarm_server: LocalServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a page of all outputs, those that a cell ends with and its bars."""
    folder = tmp_path_factory.mktemp("notebook")
    cells = execute(taskfarm_server, folder)
    shown = [
        page
        for cell in cells
        for kind in ("execute_result", "display_data")
        for page in pages(cell, kind)
    ]
    assert len(shown) > 3
    path: Path = folder / "shown.html"
    outputs = "".join(f"<section tabindex=0>{page}</section>" for page in shown)
    path.write_text(FRAME.format(outputs=outputs), encoding="utf-8")
    return path.as_uri()


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_it_is_readable_asks_nobody_for_anything_and_runs_no_script(
    notebook: str, width: int, dark: bool
) -> None:
    with Browser() as chromium, chromium.page(width, 900, dark=dark) as page:
        page.go(notebook)
        page.wait_for("200 of 200 items done")
        assert "done\t6 of 6" in page.text
        assert page.run("document.scripts.length + document.images.length") == 0
        assert page.run("document.documentElement.scrollWidth") <= width
        assert page.requested() == [notebook]
        assert page.complaints() == []
        assert page.violations() == []
