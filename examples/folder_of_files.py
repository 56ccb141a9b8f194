"""Count the lines and words of each file in a folder, and write the counts to a table.

Run it as `python examples/folder_of_files.py FOLDER`. It uses the server of your environment or
saved login; if you have none, run `serveTF` in another terminal first. Files that are not text are
reported at the end, and stop no other.
"""

from __future__ import annotations

import sys
from pathlib import Path

from taskfarm_sdk import Farm, Items


def count(path: str) -> dict[str, int]:
    """Return how many lines and words a file has, and its longest line."""
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    return {
        "lines": len(lines),
        "words": sum(len(line.split()) for line in lines),
        "longest": max(map(len, lines), default=0),
    }


if __name__ == "__main__":
    files = Items.glob(Path(sys.argv[1]) / "*.txt")
    with Farm() as farm:
        # A file that is no text today is none at the next attempt.
        results = farm.map(count, files, folder="counts", max_attempts=1, check=False)
    results.to_csv("counts.csv")
    failed = results.failed
    print(f"{len(results) - len(failed)} of {len(results)} files are counted in counts.csv")
    for number in failed:
        print(f"{results[number].item}: {results[number].error}")
