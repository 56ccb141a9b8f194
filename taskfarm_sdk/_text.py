"""Texts of others made fit for an error or a line of the log: of servers, files and callers."""

from __future__ import annotations

MOST_SHOWN = 200


def one_line(text: str) -> str:
    """Return a text as one printable line.

    Blanks and line ends in a row become one blank, and all other characters that are not printable
    become Python's escapes: controls, marks that change the direction of writing, and halves of
    characters.
    """
    line = " ".join(text.split())
    if line.isprintable():
        return line
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)


def printable_lines(text: str, most: int) -> str:
    """Return a text without controls but line ends, and without its middle where it is too long.

    Args:
        text: an error's text, of which the end says what to do.
        most: how many characters it may have.
    """
    if not text.isprintable():
        text = "".join(
            c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text
        )
    return text if len(text) <= most else f"{text[: most // 2]}…{text[-(most // 2) + 1 :]}"


def shown(value: object) -> str:
    """Return a wrong argument for an error: on one short line, whatever its `repr` does.

    Python refuses to write integers of more than 4,300 digits, and classes of users can do
    anything.

    Args:
        value: the argument.
    """
    try:
        text = one_line(repr(value))
    except Exception:  # noqa: BLE001 - what a class of the caller's raises, or Python of a number
        return f"<{type(value).__name__} that cannot be shown>"
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…"
