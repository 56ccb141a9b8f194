"""Checks of the pages that Sphinx built: links lead somewhere, and nothing comes from elsewhere.

`python -m docs.site.built_pages build/docs` ends with 1 and one line for each fault. It writes the
addresses that links name on other hosts to a file beside the folder, for a check by hand: nobody
asks them here.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

# Attributes that a browser follows by itself, when it shows the page.
_LOADING = {"src", "srcset", "poster", "data"}
_IN_STYLES = re.compile(r"""(?:url\(\s*|@import\s+)["']?((?:https?:)?//[^"')\s]+)""")


class Page(NamedTuple):
    """What a page refers to.

    Attributes:
        anchors: the ids in it.
        links: what its links name.
        loaded: what a browser loads to show it.
    """

    anchors: frozenset[str]
    links: tuple[str, ...]
    loaded: tuple[str, ...]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        self.loaded += [given[name] for name in sorted(_LOADING & set(given))]
        if "style" in given:
            self.loaded += _IN_STYLES.findall(given["style"])
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag == "link" and "href" in given:
            self.loaded.append(given["href"])


def read(text: str) -> Page:
    """Return what a page refers to.

    Args:
        text: the page, in HTML.
    """
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return Page(frozenset(reader.anchors), tuple(reader.links), tuple(reader.loaded))


def is_elsewhere(address: str) -> bool:
    """Return whether an address names another host."""
    return bool(urlsplit(address).netloc)


def faults(folder: Path) -> Iterator[str]:
    """Yield a sentence for each link that leads nowhere, and for all that comes from elsewhere.

    Args:
        folder: the folder of the built pages.
    """
    pages = {path: read(path.read_text(encoding="utf-8")) for path in folder.rglob("*.html")}
    for path, page in sorted(pages.items()):
        name = path.relative_to(folder)
        for address in page.loaded:
            if is_elsewhere(address):
                yield f"{name} loads {address}"
        for link in page.links:
            if not is_elsewhere(link) and not _leads_somewhere(pages, path, link):
                yield f"{name} links to {link}, which is not there"
    for style in sorted((*folder.rglob("*.css"), *folder.rglob("*.svg"))):
        for address in _IN_STYLES.findall(style.read_text(encoding="utf-8")):
            yield f"{style.relative_to(folder)} loads {address}"


def elsewhere(folder: Path) -> list[str]:
    """Return what links name on other hosts, sorted."""
    pages = (read(path.read_text(encoding="utf-8")) for path in folder.rglob("*.html"))
    return sorted({link for page in pages for link in page.links if is_elsewhere(link)})


def _leads_somewhere(pages: dict[Path, Page], path: Path, link: str) -> bool:
    parts = urlsplit(link)
    if parts.scheme:
        return parts.scheme == "mailto"
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if target.is_dir():
        target /= "index.html"
    if target not in pages:
        return target.is_file()
    return parts.fragment in ("", "top") or unquote(parts.fragment) in pages[target].anchors


def main(folder: Path) -> int:
    """Print the faults, write the list of other hosts' addresses, and return an exit status."""
    found = list(faults(folder.resolve()))
    for fault in found:
        print(fault, file=sys.stderr)
    addresses = elsewhere(folder.resolve())
    listed = folder.with_name(f"{folder.name}-external-links.txt")
    listed.write_text("".join(f"{address}\n" for address in addresses), encoding="utf-8")
    print(f"{len(found)} faults; {len(addresses)} links to other hosts are listed in {listed}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
