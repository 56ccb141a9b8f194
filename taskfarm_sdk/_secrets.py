"""Files that only their owner can read, and the mask of secrets in reprs."""

from __future__ import annotations

import os
import shlex
import stat
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from taskfarm_sdk.errors import ConfigurationError
from taskfarm_sdk.hidden import MASK, Hidden


def refuse_wide_mode(path: Path, descriptor: int) -> None:
    """Refuse an open file if other users can read or write it.

    Raises:
        ConfigurationError: they can; the message contains the command that corrects the mode.
    """
    mode = os.fstat(descriptor).st_mode
    # Windows has no such modes: the access list of the folder protects the file.
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigurationError(
            f"other users can access a file with secrets: chmod 600 {shlex.quote(str(path))}"
        )


def write(path: Path, text: Hidden[str]) -> None:
    """Write a file atomically, so that only its owner can read it.

    A symbolic link stays one: the file that it leads to is replaced, or created.

    Raises:
        OSError: it cannot be written; the previous file is unchanged.
    """
    target = _target(path)
    # mkstemp creates the file with mode 0600, so that other users can never open it.
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.stem}-", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text.reveal())
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def _target(path: Path) -> Path:
    """Return the file that a path leads to, itself without a link.

    Raises:
        OSError: its links lead in a circle.
    """
    with suppress(FileNotFoundError):  # a new file, or that of a link whose file does not exist yet
        path.stat()
    return Path(os.path.realpath(path)) if path.is_symlink() else path


if sys.platform == "win32":  # pragma: no cover - no Windows machine runs the tests

    def lock(descriptor: int) -> None:
        """Wait for the lock of an open file, which ends when it is closed."""
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)

    def try_lock(descriptor: int) -> bool:
        """Lock an open file, unless another process has; return whether it is locked.

        Raises:
            OSError: the file system has no locks.
        """
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

else:

    def lock(descriptor: int) -> None:
        """Wait for the lock of an open file, which ends when it is closed."""
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX)

    def try_lock(descriptor: int) -> bool:
        """Lock an open file, unless another process has; return whether it is locked.

        Raises:
            OSError: the file system has no locks.
        """
        import fcntl

        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def masked(_: object) -> str:
    """Return the mask of a secret in a repr."""
    return MASK


def is_at(path: Path, descriptor: int) -> bool:
    """Return whether a path still leads to an open file, which others may have replaced."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
