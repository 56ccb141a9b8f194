"""`taskfarm.json` in the folder of `--results` or `--log`: what the folder is for."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import attrs

IDENTITY = "taskfarm.json"
_KINDS: Mapping[str, type] = {"server": str, "run": str, "items": int, "chunk": int}
_OF_INPUTS: Mapping[str, type] = {"inputs_sha256": str, "inputs": dict}


@attrs.frozen
class Identity:
    """What a folder is for, as `taskfarm.json` says.

    Attributes:
        server: the API's URL.
        run: the run's UUID.
        items: how many items the run has.
        chunk: how many items each task has; the last may have fewer.
        inputs_sha256: the digest of the inputs; None where there are none, and in the folder of an
            earlier version.
        inputs: where the inputs are from; None if they cannot be read from there again.
    """

    server: str
    run: str
    items: int
    chunk: int
    inputs_sha256: str | None = None
    inputs: Mapping[str, object] | None = None

    def to_json(self) -> str:
        """Return the content of the file."""
        return json.dumps(attrs.asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> Identity | None:
        """Return what a file says, or None if it is no such file."""
        try:
            found = json.loads(text)
            facts = {name: found[name] for name in _KINDS}
        except (ValueError, KeyError, TypeError, RecursionError):
            return None
        if not all(type(facts[name]) is kind for name, kind in _KINDS.items()):
            return None
        if min(facts["items"], facts["chunk"]) < 1:
            return None
        # Odd ones tell nothing, as none do.
        of_inputs = {
            name: found[name] for name, kind in _OF_INPUTS.items() if type(found.get(name)) is kind
        }
        return cls(**facts, **of_inputs)


def read_identity(folder: Path) -> Identity | None:
    """Return what a folder is for, or None if it does not say it.

    Raises:
        OSError: its file cannot be read.
    """
    try:
        return Identity.from_json((folder / IDENTITY).read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None


def publish(folder: Path, own: Identity) -> bool:
    """Create the file of a folder, whole, unless there is one.

    Args:
        folder: the folder, which exists.
        own: what it is for.

    Returns:
        Whether this call created it.

    Raises:
        OSError: it cannot be written.
    """
    # Imported where it is used: to read a folder back needs none of it.
    from taskfarm_sdk.execution.parts import name_first

    beside = folder / f".{IDENTITY}.{secrets.token_hex(4)}"
    try:
        with beside.open("w", encoding="utf-8") as file:
            file.write(own.to_json())
            file.flush()
            # Without it, a crash could leave output that nobody knows the run of.
            os.fsync(file.fileno())
        return name_first(str(beside), str(folder / IDENTITY))
    finally:
        with suppress(OSError):
            beside.unlink()
