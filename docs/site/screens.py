"""What a program draws on a terminal, as a picture in SVG that needs no font from elsewhere."""

from __future__ import annotations

import re
from html import escape
from itertools import groupby
from typing import NamedTuple

from rich.color import Color
from rich.terminal_theme import MONOKAI
from rich.text import Text

_STEP = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|(.)", re.DOTALL)
_CELL_W, _LINE_H, _EDGE = 8.4, 19, 14
_BACK, _FRONT = "#1e2227", "#e6e6e6"


class Cell(NamedTuple):
    """A place of the screen: a character, and the codes of its style."""

    char: str = " "
    style: str = ""


class Screen:
    """A terminal that understands as much as this package's commands draw.

    Args:
        columns: its width.
    """

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self._rows: list[list[Cell]] = [[]]
        self._row = self._column = 0
        self._style = ""

    def draw(self, text: str) -> None:
        """Draw what a program wrote.

        Args:
            text: characters and control sequences.
        """
        for step in _STEP.finditer(text):
            if step[3] is not None:
                self._put(step[3])
            elif step[2] is not None:
                self._obey(step[2], step[1])

    def lines(self) -> list[list[Cell]]:
        """Return the lines from the first to the last that is not empty."""
        rows = list(self._rows)
        while rows and not "".join(cell.char for cell in rows[-1]).strip():
            rows.pop()
        return rows

    def _obey(self, kind: str, numbers: str) -> None:
        count = int(numbers) if numbers.isdecimal() else 1
        if kind == "m":
            plain = numbers in ("", "0")
            self._style = "" if plain else ";".join(filter(None, (self._style, numbers)))
        elif kind == "A":
            self._row = max(0, self._row - count)
        elif kind == "B":
            self._row += count
        elif kind == "G":
            self._column = count - 1
        elif kind == "K":
            row = self._rows[self._row]
            del row[0 if numbers == "2" else self._column :]
        elif kind == "J":
            del self._rows[self._row][self._column :]
            del self._rows[self._row + 1 :]

    def _put(self, char: str) -> None:
        if char == "\n":
            self._row += 1
            while len(self._rows) <= self._row:
                self._rows.append([])
            return
        if char == "\r":
            self._column = 0
            return
        if not char.isprintable():
            return
        row = self._rows[self._row]
        row.extend(Cell() for _ in range(self._column + 1 - len(row)))
        row[self._column] = Cell(char, self._style)
        self._column += 1


def picture(lines: list[list[Cell]], columns: int, title: str) -> str:
    """Return a picture of a screen.

    Args:
        lines: its lines.
        columns: its width.
        title: what it shows, for those who do not see it.
    """
    width = columns * _CELL_W + 2 * _EDGE
    height = len(lines) * _LINE_H + 2 * _EDGE
    font = 'font-family="ui-monospace, Menlo, Consolas, monospace" font-size="14"'
    box = f'viewBox="0 0 {width:g} {height:g}" role="img" aria-labelledby="t"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {box} {font}>',
        f'<title id="t">{escape(title)}</title>',
        f'<rect width="{width:g}" height="{height:g}" rx="6" fill="{_BACK}"/>',
    ]
    for number, line in enumerate(lines):
        parts += _line(line, _EDGE + number * _LINE_H + 14)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _line(cells: list[Cell], y: float) -> list[str]:
    parts: list[str] = []
    column = 0
    for style, group in groupby(cells, key=lambda cell: cell.style):
        text = "".join(cell.char for cell in group)
        if text.strip():
            x = _EDGE + column * _CELL_W
            parts.append(
                f'<text x="{x:.1f}" y="{y:g}" textLength="{len(text) * _CELL_W:.1f}" '
                f'xml:space="preserve"{_look(style)}>{escape(text)}</text>'
            )
        column += len(text)
    return parts


def _look(style: str) -> str:
    """Return the attributes of a text by the codes of its style."""
    found = Text.from_ansi(f"\x1b[{style}mx\x1b[0m").spans if style else []
    given = found[0].style if found else None
    color = getattr(given, "color", None)
    fill = _FRONT if not isinstance(color, Color) else color.get_truecolor(MONOKAI).hex
    weight = ' font-weight="bold"' if getattr(given, "bold", None) else ""
    dim = ' opacity="0.7"' if getattr(given, "dim", None) else ""
    return f' fill="{fill}"{weight}{dim}'
