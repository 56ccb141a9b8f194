"""A script that writes a value of a class of its own, and reads it back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import attrs

from taskfarm_sdk._pickles import pack_value
from taskfarm_sdk._results import values
from tests.support.told import told


@attrs.frozen
class Told:
    """What the script is told."""

    file: str


@dataclass
class Point:
    """What a function of the script returns."""

    x: int
    y: int


def main() -> None:
    """Write it, and say whether what is read is of the script's own class."""
    payload = pack_value(Point(1, 2))
    Path(told(Told).file).write_bytes(payload)
    print("is its own class:", type(values.unpack(payload)) is Point)


if __name__ == "__main__":
    main()
