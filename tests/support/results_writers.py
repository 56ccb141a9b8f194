"""Writers of results whose operating system fails, and what a reader finds of what they wrote."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from taskfarm_sdk._results.folder import Folder
from taskfarm_sdk._results.index import Index
from taskfarm_sdk._results.results import Results
from taskfarm_sdk._results.writer import ResultsWriter
from tests.support.results_folders import order

NUM_ITEMS = 1000


class Clock:
    """Seconds that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def done(folder: Folder) -> list[int]:
    """Return the items with a success, by a new index."""
    index = Index(folder, NUM_ITEMS)
    index.read_on()
    return [item for item in range(NUM_ITEMS) if index.is_done(item)]


def readable(folder: Folder) -> dict[int, object]:
    """Return the values that a reader gets."""
    known: Results[object] = Results(folder, order(NUM_ITEMS))
    return {one.number: one.value for one in known if one.error is None}


def fill(writer: ResultsWriter, count: int) -> None:
    """Add so many records, all of which wait in the buffer but the first."""
    for item in range(count):
        writer.success(item, 1, item * 10, 0.0)


class Failing:
    """An operation of the operating system that fails for as long as it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, name: str, code: int) -> None:
        self._usual: Callable[..., int] = getattr(os, name)
        self._code = code
        self.fails = True
        monkeypatch.setattr(os, name, self)

    def __call__(self, *given: object) -> int:
        if self.fails:
            raise OSError(self._code, os.strerror(self._code))
        return self._usual(*given)


class ShortWrites(Failing):
    """Writes half of what is given, and nothing the next time."""

    def __call__(self, descriptor: int, data: memoryview, offset: int) -> int:  # type: ignore[override]
        if not self.fails:
            return self._usual(descriptor, data, offset)
        if len(data) < 20:
            raise OSError(self._code, os.strerror(self._code))
        return self._usual(descriptor, data[: len(data) // 2], offset)
