"""The origin of a run's inputs: a document from which they can be loaded again, on any machine."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.work.sources import load, names

if TYPE_CHECKING:
    from taskfarm_cli.work.sources.inputs import Inputs
    from taskfarm_cli.work.sources.load import Asked

# The folder that patterns of `--glob` are relative to.
_FOLDER = "folder"
_FILES = ("inputs", "csv")
_NOTHING = load.Asked(None, False, None, (), (), ())


def document_of(asked: Asked) -> dict[str, object] | None:
    """Return where inputs are from; None for what cannot be read a second time, such as stdin.

    Args:
        asked: what the command line says of them.
    """
    document: dict[str, object] = {name: value for name, value in asked._asdict().items() if value}
    for name in _FILES:
        file = getattr(asked, name)
        if file is not None and not _is_file(file):
            return None
        if file is not None:
            document[name] = str(Path(file).absolute())
    if asked.glob:
        document[_FOLDER] = str(Path.cwd())
    return document or None


def load_again(document: Mapping[str, object], sha256: str | None) -> Inputs | None:
    """Return the inputs; None if they are gone, or are not the same any more.

    Args:
        document: where they are from, as `document_of` returned it.
        sha256: their digest.
    """
    # Of whatever type: what does not fit raises one of the errors below.
    facts: dict[str, Any] = dict(document)
    folder = facts.pop(_FOLDER, "")
    try:
        asked = _NOTHING._replace(**facts)
        if not all(_is_file(file) for name in _FILES if (file := getattr(asked, name))):
            return None
        patterns = asked.glob
        inputs = names.load(patterns, folder) if patterns else load.load(asked)
        return inputs if inputs is not None and inputs.digest() == sha256 else None
    except (UsageError, OSError, ValueError, TypeError, AttributeError):
        # Whatever is wrong with them or the document: these are not the inputs.
        return None


def files_of(document: Mapping[str, object]) -> list[str]:
    """Return the files that inputs are from, or that they name with `--glob`.

    Args:
        document: where they are from, as `document_of` returned it.
    """
    files = [file for key in _FILES if isinstance(file := document.get(key), str)]
    # Of whatever type, as in `load_again`.
    patterns: Any = document.get("glob")
    folder = document.get(_FOLDER)
    if isinstance(patterns, list | tuple) and isinstance(folder, str):
        texts = [str(pattern) for pattern in cast("list[object]", patterns)]
        files += [str(Path(folder, name)) for name in names.matching(texts, folder)]
    return files


def _is_file(name: str) -> bool:
    """Return whether a name is a file's: reading a pipe or a terminal again would wait for ever."""
    try:
        return stat.S_ISREG(Path(name).stat().st_mode)
    except OSError:
        return False
