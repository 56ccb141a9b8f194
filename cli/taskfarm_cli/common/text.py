"""Format counts, percentages, commands and lines for people.

Texts of the server, of other clients and of files can contain anything: `printable`, `one_line`,
`field` and `shell_words` are the only ways in which the commands write them.
"""

from __future__ import annotations

import math
import os
import re
import shlex
from collections.abc import Iterable, Sequence

# A command in backticks stays in one piece, so that it can be copied.
_PIECES = re.compile(r"`[^`]*`\S*|\S+")
# In a shell's quotes $'…' each of these, and each byte that is not printable, needs an escape.
_QUOTED = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
INDENT = "  "
# A percentage that another client wrote can have 300 digits.
READABLE = 1e4


def counted(number: int | str, noun: str) -> str:
    """Return a number with its noun: `1 task`, `2 tasks`."""
    return f"{number} {noun}" if str(number) == "1" else f"{number} {noun}s"


def capitalized(text: str) -> str:
    """Return a text that begins a sentence."""
    return f"{text[:1].upper()}{text[1:]}"


def printable(text: str) -> str:
    """Return a text with each character that is not printable written as Python's escape.

    These are line ends and other controls (U+0000 to U+001F, U+007F to U+009F), U+2028 and U+2029,
    marks that change the direction of writing, unusual blanks, and halves of characters.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def one_line(text: str) -> str:
    """Return a text as one printable line; blanks and line ends in a row become one blank."""
    return printable(" ".join(text.split()))


def shortened(text: str, most: int) -> str:
    """Return a text as one printable line, cut off after a number of characters."""
    # Cut first: a text of megabytes is not looked at whole.
    line = one_line(text[: 4 * most])
    return line if len(line) <= most else f"{line[: most - 1]}…"


def field(text: str) -> str:
    """Return a text as one field of a line whose fields are separated by blanks.

    Blanks are escaped too, and an empty text is a pair of quotes, so that no text adds or removes
    a field.
    """
    return printable(text).replace(" ", "\\x20") or "''"


def shell_words(words: Iterable[str]) -> str:
    """Return words as a shell reads them, in one printable line.

    A word with characters that are not printable is written as $'…', which bash, zsh, ksh and
    newer versions of other shells read; all other words are written as `shlex.join` does.
    """
    return " ".join(map(_shell_word, words))


def _shell_word(word: str) -> str:
    if word.isprintable():
        return shlex.quote(word)
    return "$'" + "".join(map(_in_quotes, word)) + "'"


def _in_quotes(character: str) -> str:
    if character in _QUOTED:
        return _QUOTED[character]
    if character.isprintable():
        return character
    try:
        content = os.fsencode(character)
    except UnicodeEncodeError:  # half a character, which no command can be given
        content = character.encode(errors="surrogatepass")
    # Octal, because a hexadecimal escape may take the digits that follow it.
    return "".join(f"\\{byte:03o}" for byte in content)


def percentage(value: float) -> str:
    """Return a percentage with one decimal, or an empty text if it is not a finite number."""
    if not math.isfinite(value):
        return ""
    return f"{value:5.1f} %" if abs(value) < READABLE else f"{value:.1e} %"


def command(*words: str) -> str:
    """Return a command in backticks, quoted so that it works when it is pasted into a shell."""
    return f"`{shell_words(words)}`"


def manage_command(baseurl: str | None, *words: str) -> str:
    """Return a command of manageTF in backticks.

    Args:
        baseurl: the URL given with -b, which the command needs too; None if none was given.
        words: its options and its UUID.
    """
    return command("manageTF", *(() if baseurl is None else ("-b", baseurl)), *words)


def wrapped(text: str, columns: int, command: str = "") -> str:
    """Break a line at blanks, so that it fits into a number of columns; indent what follows.

    A word or a command that is longer keeps a line of its own.

    Args:
        text: the line; commands in it are in backticks.
        columns: the width.
        command: a command to add at the end.
    """
    lines: list[str] = []
    line = ""
    for piece in [*_PIECES.findall(text), *([command] if command else [])]:
        longer = f"{line} {piece}" if line.strip() else f"{line}{piece}"
        if len(longer) <= columns or not line.strip():
            line = longer
        else:
            lines.append(line)
            line = f"{INDENT}{piece}"
    return "\n".join([*lines, line])


def width(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    return len(text) if text.isascii() else sum(map(_columns_of, text))


def _columns_of(character: str) -> int:
    import unicodedata  # on use, because few texts need it

    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def _first(text: str, columns: int) -> str:
    """Return as many of a text's first characters as fit into a number of columns."""
    if text.isascii():
        return text[: max(0, columns)]
    taken = 0
    for place, character in enumerate(text):
        taken += _columns_of(character)
        if taken > columns:
            return text[:place]
    return text


def cut(text: str, columns: int) -> str:
    """Return a text that fits into a number of columns, with an ellipsis where it was cut."""
    if width(text) <= columns:
        return text
    return f"{_first(text, columns - 1)}…" if columns > 0 else ""


def fitting(pieces: Sequence[str], columns: int) -> str:
    """Join pieces of a line, leaving out the last ones that do not fit into the columns."""
    shown = list(pieces)
    while len(shown) > 1 and width("   ".join(shown)) > columns:
        shown.pop()
    return _first("   ".join(shown), columns)
