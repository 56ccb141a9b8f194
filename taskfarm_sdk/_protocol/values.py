"""Values of replies, checked against the contract: generated code accepts a number of any type.

Each function raises ValueError or TypeError for a value that no taskfarm server sends.
"""

from __future__ import annotations

import math
import re

from taskfarm_sdk._validation import MAX_TASKS

# An id or a count beyond this comes from no database.
LARGEST = 2**63 - 1
# Printable ASCII but colons and blanks, of a length that any server reads in a header.
_TOKEN = re.compile(r"[!-9;-~]{1,4096}")
# How much of an invalid uuid a message shows.
UUID_SHOWN = 40
_UUID = re.compile(r"[0-9a-f]{32}")
# Floats contain every whole number up to this one.
EXACT = 2**53


def uuid(value: object) -> str:
    """Return a uuid as the server makes them, and as workers of the SDK choose theirs."""
    if isinstance(value, str) and _UUID.fullmatch(value):
        return value
    came = repr(value[:UUID_SHOWN] if isinstance(value, str) else value)[:UUID_SHOWN]
    raise ValueError(f"a uuid has 32 hexadecimal digits, not as this one: {came}")


def token(value: object) -> str:
    """Return a token, which is sent in a header with each request, before a colon."""
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise TypeError("expected a token")
    return value


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"expected an integer, got {type(value).__name__}")
    return value


def natural(value: object, most: int = LARGEST) -> int:
    """Return a whole number from 0 to `most`."""
    whole = _whole(value)
    if not 0 <= whole <= most:
        # Not the number itself: a reply can contain one of thousands of digits.
        raise ValueError(f"a whole number from 0 to {most} was to come, not one out of that range")
    return whole


def number(value: object) -> float:
    """Return a number that other clients may have written, so that any float can come.

    An integer that is too large for a float, which JSON allows, is read as an infinity: all code
    behind this may compare the number, and compute with it as with any float.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"expected a number, got {type(value).__name__}")
    if abs(value) <= EXACT:
        return value
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def sound_number(held: object) -> int:
    """Return a run's number of tasks, or 0 for one that no run can have."""
    # bool is a subclass of int, and true as a number of tasks is a mistake.
    if isinstance(held, bool) or not isinstance(held, int):
        return 0
    return held if 1 <= held <= MAX_TASKS else 0
