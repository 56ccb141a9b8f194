"""Write the files in share/, or check that they are what the parsers give."""

from __future__ import annotations

import argparse
import difflib
import sys
from pathlib import Path

from shell.commands import COMMANDS
from shell.completion import completions
from shell.pages import page

SHARE = Path(__file__).parents[1] / "share"


def made() -> dict[str, str]:
    """Return the text of each file, by its path in `share/`."""
    files: dict[str, str] = {}
    for command in COMMANDS:
        files |= completions(command)
        others = tuple(other.name for other in COMMANDS if other is not command)
        files[f"man/man1/{command.name}.1"] = page(command, others)
    return files


def write(share: Path, files: dict[str, str]) -> None:
    """Write the files, and remove all others."""
    for old in _there(share).difference(files):
        (share / old).unlink()
    for name, text in files.items():
        file = share / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def differences(share: Path, files: dict[str, str]) -> str:
    """Return how the files that are there differ from what they should be; nothing if not."""
    lines: list[str] = []
    for name in sorted(_there(share).union(files)):
        path = share / name
        there = path.read_text(encoding="utf-8") if path.exists() else ""
        lines += difflib.unified_diff(
            there.splitlines(keepends=True),
            files.get(name, "").splitlines(keepends=True),
            f"share/{name}",
            "of the parsers",
            n=1,
        )
    return "".join(lines)


def _there(share: Path) -> set[str]:
    return {path.relative_to(share).as_posix() for path in share.rglob("*") if path.is_file()}


def main() -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m shell", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    parser.add_argument("--share", type=Path, default=SHARE, help="the folder")
    arguments = parser.parse_args()
    if not arguments.check:
        write(arguments.share, made())
        return 0
    if not (found := differences(arguments.share, made())):
        return 0
    sys.stderr.write(f"{found}share/ is not what the parsers give: run 'make shell'\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
