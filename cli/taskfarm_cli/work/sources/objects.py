"""JSON objects as inputs: their keys are columns, if all have the same."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from taskfarm_cli.work.sources import limits
from taskfarm_cli.work.sources.contents import shown
from taskfarm_cli.work.sources.inputs import Columns, Input, digest
from taskfarm_cli.work.sources.json_array import as_text

if TYPE_CHECKING:
    from taskfarm_sdk._items.sources import Source


class Objects:
    """Inputs that are JSON objects with the same keys.

    Args:
        texts: the objects as texts.
        columns: their columns, as `columns_of` returned them.
    """

    def __init__(self, texts: Source[str], columns: Columns) -> None:
        self._texts = texts
        self.columns = columns

    def __len__(self) -> int:
        return len(self._texts)

    def at(self, number: int) -> Input:
        """Return an object with the values of its columns: texts as they are, others in JSON."""
        text = self._texts.at(number)
        # columns_of has read each of them.
        known = cast("dict[str, object]", json.loads(text))
        return Input(text, {name: as_text(known[name]) for name in self.columns.names})

    def digest(self) -> str:
        """Return the digest of the objects' texts."""
        return digest(self._texts)


def columns_of(texts: Source[str], source: str) -> Columns:
    """Return the columns of texts: the keys of the first, if all are JSON objects with the same.

    A key that is no identifier is no column.

    Args:
        texts: the texts, at least one.
        source: the name of their file.

    Raises:
        UsageError: a command cannot be given the value of a column.
    """
    keys = _object(texts.at(0))
    if keys is None:
        return Columns()
    named = shown(source)
    names = tuple(key for key in keys if key.isidentifier())
    no_identifiers = {
        key: f"a column's name has only letters, digits and _: rename {key!r} in {named}"
        for key in keys
        if not key.isidentifier()
    }
    for number, text in enumerate(texts):
        known = _object(text)
        if known is None or known.keys() != keys.keys():
            fault = "is no JSON object" if known is None else "has other keys than input 0"
            told = f"input {number} of {named} {fault}, so that the inputs have no columns"
            return Columns(without=dict.fromkeys(keys, told))
        if "\\u" in text:  # the only way to a NUL byte or half a character
            for name in names:
                limits.check(number, as_text(known[name]))
    return Columns(names, named, without=no_identifiers)


def _object(text: str) -> dict[str, object] | None:
    try:
        known: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, object]", known) if isinstance(known, dict) else None
