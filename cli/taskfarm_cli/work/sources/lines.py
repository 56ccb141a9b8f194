"""Inputs of `--inputs`: the lines of a file, or the elements of a JSON array."""

from __future__ import annotations

import sys

from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.work.sources import json_array, limits
from taskfarm_cli.work.sources.contents import read
from taskfarm_cli.work.sources.inputs import Inputs, Texts
from taskfarm_cli.work.sources.objects import Objects, columns_of
from taskfarm_sdk._items.lines import BOM, Lines
from taskfarm_sdk._items.sources import Given, Source


def load(source: str, *, nul: bool) -> Inputs:
    """Return the inputs that a file holds.

    Those of lines take the memory of the file's bytes, and no more.

    Args:
        source: the file's name, or "-" for standard input.
        nul: whether NUL bytes separate them, not line ends.

    Raises:
        UsageError: they cannot be read, or a command cannot be given one of them.
    """
    content = read(source)
    text = content.removeprefix(BOM).lstrip()
    if not nul and (text.startswith(b"[") or source.lower().endswith(".json")):
        elements = json_array.elements(content.removeprefix(BOM), source)
        return _checked(Given(elements), source, may_have_columns=True, is_known_to_fit=False)
    # As os.fsdecode, so that a command is given the bytes as they are.
    lines = Lines(
        content,
        nul=nul,
        encoding=sys.getfilesystemencoding(),
        errors=sys.getfilesystemencodeerrors(),
    )
    # Looking at each of a million lines would take as long as reading them.
    fits = lines.longest <= limits.LONGEST and (nul or b"\0" not in content)
    has_objects = not nul and text.startswith(b"{")
    return _checked(lines, source, may_have_columns=has_objects, is_known_to_fit=fits)


def _checked(
    texts: Source[str], source: str, *, may_have_columns: bool, is_known_to_fit: bool
) -> Inputs:
    if not len(texts):
        raise UsageError(f"{source} contains no inputs: a run has at least 1 task")
    if not is_known_to_fit:
        for number, text in enumerate(texts):
            limits.check(number, text)
    if not may_have_columns:
        return Texts(texts)
    columns = columns_of(texts, source)
    return Objects(texts, columns) if columns.names else Texts(texts, columns)
