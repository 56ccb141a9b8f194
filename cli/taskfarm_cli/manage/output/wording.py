"""Words of a mode, for the outputs. Every start of manageTF imports this, so it is small."""

from __future__ import annotations

from typing import NamedTuple


class Wording(NamedTuple):
    """Words of a mode, for the outputs.

    Attributes:
        mode: the mode's name.
        said: what a terminal shows when it is done, with places for what it was done to.
        counted: the name in JSON of the number of tasks that it changed.
        advises: whether a terminal shows what can be done about a run.
    """

    mode: str
    said: str
    counted: str
    advises: bool
