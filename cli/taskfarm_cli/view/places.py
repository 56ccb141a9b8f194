"""Places of the page: a part of the list of runs, or one run."""

from __future__ import annotations

import re

import attrs

RUNS_PER_PART = 20
_UUID = re.compile(r"[0-9a-f]{32}")


@attrs.frozen
class Place:
    """What a viewer looks at.

    Attributes:
        uuid: the run, or None for the list of runs.
        part: the part of the list, from 0 for the newest runs.
    """

    uuid: str | None = None
    part: int = 0


def run_place(text: str) -> Place | None:
    """Return the place of a run; None if no run can have this UUID."""
    plain = text.replace("-", "").lower()
    return Place(uuid=plain) if _UUID.fullmatch(plain) else None


def list_place(text: str) -> Place:
    """Return the place of a part of the list; the first one for what is no number of a part."""
    is_number = text.isascii() and text.isdecimal() and len(text) < 10
    return Place(part=int(text) - 1 if is_number and int(text) > 0 else 0)
