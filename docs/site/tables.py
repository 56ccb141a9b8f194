"""Changes to the tables of the built pages, so that their columns fit on a phone.

A browser breaks a line at blanks and hyphens only: a long name in a cell makes its column so wide
that others are cut, or is broken in the middle of a word.
"""

from __future__ import annotations

import re

# Shorter words stay whole.
LONG = 12
# A table of as many columns, with a cell of as many characters, is easier to read if it scrolls.
MANY_COLUMNS = 5
LONG_CELL = 60

_TABLE = re.compile(r'<table class="docutils align-default">.*?</table>', re.DOTALL)
_CELL = re.compile(r"<td.*?</td>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
_TEXT = re.compile(r"(?<=>)[^<>]+")
_WORD = re.compile(r"\S+")
_BREAK = re.compile(r"(?<=[\w)\]][_/.,=(])(?=[\w(\[])|(?<=[a-z])(?=[A-Z])")


def fitted(page: str) -> str:
    """Return a page whose tables have places at which long words may be broken.

    Args:
        page: the page, in HTML.
    """
    return _TABLE.sub(_fitted_table, page)


def _fitted_table(found: re.Match[str]) -> str:
    cells = _CELL.findall(found[0])
    table = _CELL.sub(lambda cell: _TEXT.sub(_breakable, cell[0]), found[0])
    longest = max((len(_TAG.sub("", cell)) for cell in cells), default=0)
    if table.count("<th") < MANY_COLUMNS or longest < LONG_CELL:
        return table
    return table.replace("align-default", "align-default wide", 1)


def _breakable(text: re.Match[str]) -> str:
    return _WORD.sub(_breakable_word, text[0])


def _breakable_word(word: re.Match[str]) -> str:
    return word[0] if len(word[0]) <= LONG else _BREAK.sub("<wbr>", word[0])
