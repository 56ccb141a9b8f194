"""Texts that another client, a server or a file can hold, and that would forge what is printed."""

from __future__ import annotations

FORGED_UUID = "f" * 32
FORGED_RUN = f"5\n7 {FORGED_UUID} 3"

#: By what each of them would do.
FORGERIES = {
    "a line of its own": FORGED_RUN,
    "other ends of lines": "5\r7\x0b8\x0c9\x1c10\x85\u202811\u202912",
    "a cleared terminal": "\x1b[2J\x1b]0;title\x07\x08",
    "the same in one character": "\x9b2J\x9d0;title\x9c\x7f",
    "another direction": "\u202e5\u2066\u200f",
    "half a character": "5\ud800",
    "more fields": "5 (0,0,5) 100.0",
}


def lines_of(text: str, count: int) -> list[str]:
    """Return the lines of an output, which are so many, and printable."""
    lines = text.removesuffix("\n").split("\n")
    assert len(lines) == count, text
    assert [line for line in lines if not line.isprintable()] == []
    return lines
