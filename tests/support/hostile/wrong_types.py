"""The sound documents of replies with a wrong value in each of their places."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

from tests.support.hostile.operations import OPERATIONS, Operation
from tests.support.hostile.replies import JSON, Fate, Hostile
from tests.support.stub_server import Answer, Reply, Request

VALUES: dict[str, object] = {
    "null": None,
    "an empty text": "",
    "text": "text",
    "a text of controls": "\x1b[2J\ud800",
    "a path": "../../x",
    "an integer": 7,
    "a negative integer": -1,
    "a fraction": 1.5,
    "a list": [],
    "an object": {},
    "true": True,
    "NaN": float("nan"),
    "an infinity": float("inf"),
    "2^63": 2**63,
    "400 digits": int("9" * 400),
    "1e400": "@1e400",
    "5,000 digits": "@" + "9" * 5_000,
    "a text of 1 MB": "x" * 900_000,
    "missing": "@",
}
# As `VALUES`, and rarer.
ODD_VALUES: dict[str, object] = {
    "a zero below zero": "@-0",
    "a fraction of zero below zero": "@-0.0",
    "an infinity below zero": float("-inf"),
    "-1e400": "@-1e400",
    "1e-400": "@1e-400",
    "a whole fraction": "@5.0",
    "a whole number as a text": "5",
    "a text with a null": "a\x00b",
    "a text of direction": "\u202eabc\u2066",
    "a text of half a pair": "\udfff",
    "a text of other digits": "\u0665",
    "a text of 900 KB of controls": "\x1b" * 150_000,
    "lists in lists": "@" + "[" * 900 + "]" * 900,
    "an object of objects": {"data": {"data": {}}},
}
NUMBERS = (
    "a zero below zero",
    "a fraction of zero below zero",
    "an infinity below zero",
    "-1e400",
    "1e-400",
    "a whole fraction",
    "an integer",
    "a negative integer",
    "a fraction",
    "NaN",
    "an infinity",
    "2^63",
    "400 digits",
    "1e400",
)
WHOLE_NUMBERS = ("an integer", "a zero below zero")
# By the last key of a place, or the number of a row: which values are taken there, because other
# clients may have written them, or the SDK does not use them.
TAKEN: dict[str | int, tuple[str, ...]] = {
    "numTasks": tuple((set(VALUES) | set(ODD_VALUES)) - {"missing", "5,000 digits"}),
    "percentDone": NUMBERS,
    "percentCompleted": (*NUMBERS, "null"),
    "numWaiting": WHOLE_NUMBERS,
    "numComputing": WHOLE_NUMBERS,
    "numDone": WHOLE_NUMBERS,
    "token": ("text", "a path", "a whole number as a text"),
    "data": ("a list",),
    0: ("missing",),
}
Place = tuple[str | int, ...]


def _places(value: object, at: Place = ()) -> Iterator[Place]:
    yield at
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _places(inner, (*at, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _places(inner, (*at, index))


def _put(document: Any, place: Place, value: object) -> bytes:
    """Return a document with another value in a place, as JSON; "@…" is JSON, and "@" nothing."""
    changed = {"": copy.deepcopy(document)}
    holder: Any = changed
    *outer, last = ("", *place)
    for key in outer:
        holder = holder[key]
    literal = value[1:] if isinstance(value, str) and value.startswith("@") else None
    if literal == "":
        del holder[last]
    else:
        holder[last] = value if literal is None else "literal"
    text = json.dumps(changed.get(""))
    return text.replace('"literal"', literal or "").encode()


def types() -> list[Hostile]:
    """Return the sound documents with each value in each of their places."""
    return _with(VALUES)


def odd_values() -> list[Hostile]:
    """Return the sound documents with each of the rarer values in each of their places."""
    return _with(ODD_VALUES)


def _with(values: dict[str, object]) -> list[Hostile]:
    return [
        Hostile(
            f"{name}{list(place)}: {what}",
            _fate_of(operation, place, what),
            _made(operation, place, value),
            only=(name,),
        )
        for name, operation in OPERATIONS.items()
        if operation.document is not None
        for place in _places(operation.document)
        for what, value in values.items()
        if place or what != "missing"
    ]


def _made(
    operation: Operation, place: Place, value: object
) -> Callable[[Operation, Request], Answer]:
    body = _put(operation.document, place, value)
    return lambda *_: Reply(operation.status, body, JSON)


def _fate_of(operation: Operation, place: Place, what: str) -> Fate:
    last = place[-1] if place else ""
    if what == "5,000 digits" or not place:
        return Fate.UNEXPECTED
    if (
        last == "id"
        and "uuid" in json.dumps(operation.document)
        and operation.name != "register_worker"
    ):
        return Fate.EITHER if what in WHOLE_NUMBERS else Fate.UNEXPECTED
    if last == "id":
        return Fate.UNEXPECTED if what == "missing" else Fate.EITHER
    if last == "task" and what in WHOLE_NUMBERS:
        # Another task can be claimed, but not be told of where this one was asked for.
        is_it = operation.name == "claim_task" or what == "a zero below zero"
        return Fate.EITHER if is_it else Fate.UNEXPECTED
    return Fate.EITHER if what in TAKEN.get(last, ()) else Fate.UNEXPECTED
