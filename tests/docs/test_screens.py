"""The pictures of terminals: what was drawn last is what they show."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from docs.site.screens import Screen, picture


def texts(screen: Screen) -> list[str]:
    return ["".join(cell.char for cell in line).rstrip() for line in screen.lines()]


def test_lines_are_as_they_were_drawn_last() -> None:
    screen = Screen(40)
    screen.draw("first\r\nsecond\r\n\x1b[1A\x1b[2Kchanged\r\nthird\r\n\r\n")
    assert texts(screen) == ["first", "changed", "third"]


def test_a_line_can_be_drawn_over_and_cut() -> None:
    screen = Screen(40)
    screen.draw("\x1b[?25l10 of 20 done\r15\x1b[5G\x1b[Kcut\x1b[?25h")
    assert texts(screen) == ["15 ocut"]


def test_what_is_below_can_be_removed() -> None:
    screen = Screen(40)
    screen.draw("a\r\nb\r\nc\x1b[2A\r\x1b[J")
    assert texts(screen) == []


def test_a_picture_is_xml_with_texts_and_colours_and_nothing_to_load() -> None:
    screen = Screen(20)
    screen.draw("\x1b[1;31m<no>\x1b[0m & more")
    drawn = picture(screen.lines(), screen.columns, "a <title>")
    root = ET.fromstring(drawn)
    found = root.findall("{http://www.w3.org/2000/svg}text")
    assert [text.text for text in found] == ["<no>", " & more"]
    assert found[0].get("font-weight") == "bold"
    assert found[0].get("fill") != found[1].get("fill")
    assert "url(" not in drawn
    assert "href" not in drawn
