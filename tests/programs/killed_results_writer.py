"""A process that computes items of 0.1 s and keeps their results until it is killed.

It prints the number of each item once it has added its result.
"""

from __future__ import annotations

import time
from itertools import count

import attrs

from taskfarm_sdk._results.folder import Folder
from taskfarm_sdk._results.writer import FLUSH_S, ResultsWriter
from tests.support.told import told


@attrs.frozen
class Told:
    """What the process is told."""

    folder: str


def main() -> None:
    """Compute one item after the other."""
    writer = ResultsWriter(Folder.open(told(Told).folder))
    for item in count():
        time.sleep(FLUSH_S)
        writer.success(item, 1, f"value {item}", FLUSH_S)
        print(item, flush=True)


if __name__ == "__main__":
    main()
