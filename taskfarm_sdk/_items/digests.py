"""The digest of items, by which a run recognises them when work goes on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import PurePath

# Encoded at a time: enough that the calls cost little, and little memory.
BATCH = 1_000


def digest_of(values: Iterable[object]) -> str | None:
    """Return the SHA-256 of values as one compact JSON array, with sorted keys.

    It is the same in each process and on each machine, which pickles of equal values are not.

    Args:
        values: the values, which are read once. Paths count as their texts.

    Returns:
        The digest; None if a value has no JSON.
    """
    digest = Digest()
    remaining = iter(values)
    while batch := list(islice(remaining, BATCH)):
        if not digest.add(batch):
            return None
    return digest.value()


def definition(values: Sequence[object]) -> object:
    """Return a sequence for a digest: a range as its definition, quickly whatever its length."""
    if isinstance(values, range):
        return {"start": values.start, "step": values.step, "len": len(values)}
    return values


class Digest:
    """A digest of values that are added in batches; how they are divided makes no difference."""

    def __init__(self) -> None:
        self._sha = hashlib.sha256(b"[")
        self._separator = ""
        self._possible = True

    def add(self, values: list[object]) -> bool:
        """Add values, and return whether all so far have JSON."""
        if self._possible and values:
            # A number of 5,000 digits, keys of several types, and a list in itself have none.
            try:
                text = _ENCODER.encode(values)
            except (TypeError, ValueError, RecursionError):
                self._possible = False
            else:
                self._sha.update(f"{self._separator}{text[1:-1]}".encode())
                self._separator = ","
        return self._possible

    def value(self) -> str | None:
        """Return the digest; None if a value had no JSON."""
        if not self._possible:
            return None
        closed = self._sha.copy()
        closed.update(b"]")
        return closed.hexdigest()


def _path_text(value: object) -> str:
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON")


_ENCODER = json.JSONEncoder(
    default=_path_text, sort_keys=True, separators=(",", ":"), ensure_ascii=True
)
