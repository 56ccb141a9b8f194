"""JSON documents in a results folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from taskfarm_sdk._results.folder import Folder
from taskfarm_sdk.errors import ConfigurationError


def encode(document: Mapping[str, object]) -> bytes:
    """Return a document as people can read it."""
    import json  # takes longer than most processes need it

    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode(
        errors="backslashreplace"
    )


def decode(folder: Folder, name: str, content: bytes) -> dict[str, object]:
    """Return a document of a folder.

    Raises:
        ConfigurationError: it is none, or not whole.
    """
    import json  # as above

    try:
        document: object = json.loads(content)
    except ValueError:
        raise broken(folder, name) from None
    if not isinstance(document, dict):
        raise broken(folder, name)
    return cast("dict[str, object]", document)


def broken(folder: Folder, name: str) -> ConfigurationError:
    """Return the error of a document that cannot be read."""
    return ConfigurationError(
        f"'{folder.path / name}' is damaged: restore it from a backup, or start again in another "
        "folder"
    )
