"""Secrets: files that only their owner can read, and values that no repr shows."""

from __future__ import annotations

import os
import shlex
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from taskfarm_sdk.errors import ConfigurationError


def refuse_wide_mode(path: Path, descriptor: int) -> None:
    """Refuse an open file that others than its owner may use.

    Raises:
        ConfigurationError: they may; the text is the command that mends it.
    """
    mode = os.fstat(descriptor).st_mode
    # Windows keeps no such modes: there the folder's own access list protects the file.
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigurationError(
            f"others may read the secrets in it: chmod 600 {shlex.quote(str(path))}"
        )


def write(path: Path, text: str) -> None:
    """Write a file in one step: no half of it is ever there, and nobody else can read it.

    Raises:
        OSError: it cannot be written; what was there before still is.
    """
    # mkstemp makes the file with mode 0600, so that it is never open to others, not for a moment.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def masked(_: object) -> str:
    """Stand for a secret in a repr."""
    return "'***'"
