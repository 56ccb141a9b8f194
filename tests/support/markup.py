"""Look at HTML and SVG as a browser does: elements, texts, and what it would load."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

# The only address: the name of SVG, which no browser requests.
XMLNS = "http://www.w3.org/2000/svg"
_LOADING = {
    "src",
    "href",
    "srcset",
    "action",
    "data",
    "poster",
    "xlink:href",
    "style",
    "background",
}
_VOID = {"meta", "br", "hr", "img", "input", "link"}


class Parsed(HTMLParser):
    """A parsed page.

    Args:
        html: the page.
    """

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.style = ""
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.extend((name, value or "") for name, value in attrs)
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.extend((name, value or "") for name, value in attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "style":
            self.style += data
        else:
            self.text += data


def assert_self_contained(html: str) -> Parsed:
    """Check that a page is well nested, and neither runs nor loads anything; return it parsed."""
    parsed = Parsed(html)
    assert parsed.open == []
    assert not {"script", "link", "iframe", "object", "img", "base", "form"} & set(parsed.tags)
    assert [a for a in parsed.attributes if a[0] in _LOADING or a[0].startswith("on")] == []
    assert [a for a in parsed.attributes if "//" in a[1] and a != ("xmlns", XMLNS)] == []
    assert re.findall(r"//|url\(|@import", parsed.style) == []
    return parsed


def drawn(svg: str, kind: str) -> str:
    """Return the data of the path of a class in an `svg` element, which must be sound XML."""
    root = ElementTree.fromstring(svg)
    found = [
        element.get("d", "")
        for element in root.iter(f"{{{XMLNS}}}path")
        if element.get("class") == kind
    ]
    return "".join(found)


def rectangles(data: str) -> list[tuple[float, float, float, float]]:
    """Return place and size of the rectangles in a path's data."""
    number = r"(-?[\d.]+)"
    pattern = rf"M{number} {number}h{number}v{number}h{number}z"
    return [
        (float(x), float(y), float(width), float(height))
        for x, y, width, height, _ in re.findall(pattern, data)
    ]
