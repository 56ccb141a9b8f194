"""The folder in which a server stores its database and its secrets."""

from __future__ import annotations

import json
import os
import secrets
import socket
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self, cast
from urllib.parse import quote

import platformdirs

from taskfarm_sdk import _secrets, _validation
from taskfarm_sdk.errors import ConfigurationError
from taskfarm_sdk.hidden import Hidden
from taskfarm_sdk.server._database import Database
from taskfarm_sdk.server._mounts import check_wal
from taskfarm_sdk.server._settings import Secrets

# How long a server may take to end after its parent was killed.
LOCK_PATIENCE_S = 5.0
_LOCK_POLL_S = 0.05


def default_data_folder() -> Path:
    """Return the default folder for the data of a user's server."""
    return Path(platformdirs.user_data_dir("taskfarm", appauthor=False))


class DataFolder:
    """A server's folder, locked by one server at a time; a context manager.

    Entering it creates the folder (mode 0700) if it is missing, and takes its lock.

    Args:
        path: the folder, or None for `default_data_folder()`.

    Raises:
        ConfigurationError: on entering, if the folder cannot be created or written, or if another
            server has locked it.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        folder = default_data_folder()
        if path is not None:
            folder = _validation.path("the data folder (--data DIR)", os.fspath(path))
        self.path: Path = folder.absolute()
        self._lock: int | None = None

    def __enter__(self) -> Self:
        """Create the folder and take its lock."""
        with _explaining(self.path):
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(self._lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._take(self._lock)
            self.record({})
        except BaseException:
            self._release()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Release the lock; a server that still runs keeps it."""
        self._release()

    @property
    def lock(self) -> int:
        """The lock's descriptor, which the server keeps open while it lives."""
        if self._lock is None:
            raise ConfigurationError("a DataFolder must be used in a `with` block")
        return self._lock

    def record(self, facts: dict[str, str]) -> None:
        """Write this process's id and `facts`, such as a `url`, for servers that wait for the lock.

        Raises:
            ConfigurationError: the folder cannot be written.
        """
        holder = {"pid": str(os.getpid()), "host": socket.gethostname(), **facts}
        document = json.dumps(holder).encode() + b"\n"
        with _explaining(self.path):
            os.ftruncate(self.lock, 0)
            os.pwrite(self.lock, document, 0)

    @property
    def database(self) -> Database:
        """The folder's SQLite database, which may not exist yet."""
        return Database.sqlite(self.path / "taskfarm.db")

    def check_sqlite(self) -> None:
        """Check that SQLite can use the folder.

        Raises:
            ConfigurationError: SQLite's WAL does not work there, as on network file systems.
        """
        with _explaining(self.path):
            check_wal(self.path)

    def secrets(self, user: str) -> Secrets:
        """Return the server's key and a user's password, created at random the first time.

        Args:
            user: the name of the user.

        Raises:
            ConfigurationError: other users can read the secrets, or they cannot be written.
        """
        return Secrets(
            key=self._secret(self.path / "secret-key", 32).reveal(),
            password=self._secret(self.password_file(user), 16).reveal(),
        )

    def password_file(self, user: str) -> Path:
        """Return the file that contains the password of `user`."""
        return self.path / f"password-{quote(user, safe='@+')}"

    def _secret(self, path: Path, num_bytes: int) -> Hidden[str]:
        """Return the secret in a file, which is created with a random one if it is missing."""
        with _explaining(path):
            try:
                with path.open(encoding="utf-8", errors="replace") as file:
                    _secrets.refuse_wide_mode(path, file.fileno())
                    secret = Hidden(file.read().strip())
            except FileNotFoundError:
                secret = Hidden(secrets.token_hex(num_bytes))
                _secrets.write(path, Hidden(f"{secret.reveal()}\n"))
                return secret
        if len(secret.reveal()) < 8:
            raise ConfigurationError(
                f"'{path}' is damaged and contains no secret: restore it from a backup, or remove "
                "it to create a new one"
            )
        return secret

    @property
    def _lock_file(self) -> Path:
        return self.path / "lock"

    def _take(self, lock: int) -> None:
        import fcntl  # missing on Windows, where this package must still be importable

        deadline = time.monotonic() + LOCK_PATIENCE_S
        while True:
            try:
                with _explaining(self.path):
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return
            except BlockingIOError:
                holder = _holder(lock)
                # A server whose parent has ended is about to end too, so wait for it.
                if _lives(holder) or time.monotonic() > deadline:
                    raise self._in_use(holder) from None
            time.sleep(_LOCK_POLL_S)

    def _in_use(self, holder: dict[str, str]) -> ConfigurationError:
        at = f" at {holder['url']}" if "url" in holder else ""
        where = "" if _is_here(holder) else f" on {holder['host']}"
        end = f"stop it with 'kill {holder['pid']}'{where}" if "pid" in holder else "stop it"
        return ConfigurationError(
            f"another server{at} uses the folder '{self.path}': {end}, or choose another folder "
            "(--data DIR)"
        )

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


@contextmanager
def _explaining(path: Path) -> Generator[None]:
    """Turn an OSError into a ConfigurationError that says what to do."""
    try:
        yield
    except BlockingIOError:
        raise
    except OSError as error:
        raise ConfigurationError(
            f"cannot use '{path}': {error.strerror}; free space or correct its mode, or choose "
            "another folder (--data DIR)"
        ) from error


def _holder(lock: int) -> dict[str, str]:
    try:
        return cast("dict[str, str]", json.loads(os.pread(lock, 4096, 0)))
    except (OSError, ValueError):
        return {}


def _is_here(holder: dict[str, str]) -> bool:
    # Machines that share home folders share the locks.
    return holder.get("host", socket.gethostname()) == socket.gethostname()


def _lives(holder: dict[str, str]) -> bool:
    if not _is_here(holder):
        return True
    try:
        os.kill(int(holder.get("pid", "")), 0)
    except ProcessLookupError:
        return False
    except (ValueError, PermissionError):
        return True
    return True
