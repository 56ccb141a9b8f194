"""What the check of built pages finds."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.site.built_pages import elsewhere, faults, main

SOUND = '<a href="b.html#there">b</a> <a href="#top">up</a> <img src="p.svg"> <a href="https://e.invalid/">e</a>'


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (site := tmp_path / "site").mkdir()
    (site / "a.html").write_text(SOUND)
    (site / "b.html").write_text('<h2 id="there">b</h2>')
    (site / "p.svg").write_text("<svg/>")
    return site


def test_a_sound_site_has_no_faults(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert list(faults(site)) == []
    assert main(site) == 0
    assert "0 faults; 1 links" in capsys.readouterr().out
    assert site.with_name("site-external-links.txt").read_text() == "https://e.invalid/\n"


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("c.html", '<a href="d.html">d</a>', "c.html links to d.html"),
        ("c.html", '<a href="b.html#gone">b</a>', "c.html links to b.html#gone"),
        ("c.html", '<script src="https://e.invalid/x.js">', "c.html loads https://e.invalid/x.js"),
        ("c.html", '<script src="//e.invalid/x.js">', "c.html loads //e.invalid/x.js"),
        ("c.html", '<link rel="stylesheet" href="https://e.invalid/x.css">', "c.html loads https"),
        ("c.html", '<p style="background:url(https://e.invalid/i)">', "c.html loads https"),
        ("c.css", "@import 'https://e.invalid/f.css';", "c.css loads https://e.invalid/f.css"),
        ("c.svg", "<style>@font-face{src:url('https://e.invalid/f')}</style>", "c.svg loads https"),
    ],
)
def test_a_fault_is_found(
    site: Path, capsys: pytest.CaptureFixture[str], name: str, content: str, fault: str
) -> None:
    (site / name).write_text(content)
    (found,) = faults(site)
    assert fault in found
    assert main(site) == 1
    assert found in capsys.readouterr().err


def test_addresses_elsewhere_are_listed_once(site: Path) -> None:
    (site / "c.html").write_text('<a href="https://e.invalid/">e</a>')
    assert elsewhere(site) == ["https://e.invalid/"]
