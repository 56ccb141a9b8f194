"""Texts of a mode, for the outputs. Every start of manageTF imports this, so it is small."""

from __future__ import annotations

from typing import NamedTuple


class Wording(NamedTuple):
    """Texts of a mode, for the outputs.

    Attributes:
        mode: the mode's name.
        said: the message on a terminal, with placeholders for the run or login, and the count.
        changes: the noun of the tasks that it counts, in the singular.
        counted: the key in JSON of the number of tasks that it changed.
        advises: whether a terminal shows advice about the run.
    """

    mode: str
    said: str
    changes: str
    counted: str
    advises: bool
