"""Texts of servers, files and other processes, made fit for an error or a line of the log."""

from __future__ import annotations


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
