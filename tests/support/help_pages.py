"""What a page says that a command's `--help` prints, and how that differs from what it does."""

from __future__ import annotations

import difflib
import re

COLUMNS = "100"


def help_in(page: str, program: str) -> str:
    """Return the help that a page shows, or nothing if it shows none.

    Args:
        page: the page, in Markdown.
        program: the command.
    """
    head = re.escape(f"```text\n$ COLUMNS={COLUMNS} {program} --help\n")
    found = re.search(rf"{head}(.*?)^```$", page, flags=re.DOTALL | re.MULTILINE)
    return found[1] if found else ""


def difference(page: str, program: str, printed: str) -> str:
    """Return how a page's help differs from what is printed, as `diff -u` does; nothing if not.

    Args:
        page: the page, in Markdown.
        program: the command.
        printed: what its `--help` prints.
    """
    lines = difflib.unified_diff(
        help_in(page, program).splitlines(keepends=True),
        printed.splitlines(keepends=True),
        f"docs/reference/{program}.md",
        f"{program} --help",
        n=1,
    )
    return "".join(lines)
