"""The folder in which a server stores its database and its secrets."""

from __future__ import annotations

import errno
import json
import os
import secrets
import socket
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self, cast
from urllib.parse import quote

import platformdirs

from taskfarm_sdk import _secrets, _validation
from taskfarm_sdk._text import shown
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

    Entering it creates the folder (mode 0700) if it is missing, and takes its lock. `undo` makes
    the folder what it was before that.

    Args:
        path: the folder, or None for `default_data_folder()`.

    Raises:
        ConfigurationError: on entering, if the folder cannot be created or written, or if another
            server has locked it.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        folder = default_data_folder()
        if path is not None:
            name = "the data folder (--data DIR)"
            folder = _validation.path(name, _validation.file_name(name, path))
        self.path: Path = folder.absolute()
        self._lock: int | None = None
        # What entering and `secrets` have created or changed.
        self._new_folders: list[Path] = []
        self._new_files: list[Path] = []
        self._lock_before = b""

    def __enter__(self) -> Self:
        """Create the folder and take its lock."""
        try:
            self._take()
            self._lock_before = os.pread(self.lock, 4096, 0)
            self.record({})
        except BaseException:
            self.undo()
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

    def undo(self) -> None:
        """Remove what entering the folder and `secrets` have created, but not other files.

        Call it before leaving the folder, if nothing depends on its secrets yet.
        """
        for path in self._new_files:
            with suppress(OSError):
                path.unlink()
        if self._lock is not None and self._lock_file not in self._new_files:
            with suppress(OSError):
                os.ftruncate(self._lock, 0)
                os.pwrite(self._lock, self._lock_before, 0)
        for folder in self._new_folders:
            with suppress(OSError):
                folder.rmdir()
        self._new_files, self._new_folders = [], []

    @property
    def lock(self) -> int:
        """The lock's descriptor, which the server keeps open while it lives."""
        if self._lock is None:
            raise ConfigurationError("a DataFolder must be used in a `with` block")
        return self._lock

    def record(self, facts: dict[str, str]) -> None:
        """Write this process's id and `facts`, such as a `url`, for servers that wait for the lock.

        Raises:
            ConfigurationError: the folder cannot be written, or the facts are not texts by name.
        """
        _check_facts(cast("Mapping[object, object]", facts))
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
            ConfigurationError: other users can read the secrets, or they cannot be written; or no
                file can be named after the user.
        """
        # Both are read before one is written: a refusal leaves no file behind.
        kept = {path: _read_secret(path) for path in (self.key_file, self.password_file(user))}
        key, password = (self._keep(path, secret) for path, secret in kept.items())
        return Secrets(
            key=key.reveal(),
            password=password.reveal(),
            key_file=self.key_file,
            password_file=self.password_file(user),
        )

    @property
    def key_file(self) -> Path:
        """The file that contains the key that signs the server's tokens."""
        return self.path / "secret-key"

    def key(self) -> Hidden[str] | None:
        """Return the server's key, or None if there is none yet.

        Raises:
            ConfigurationError: other users can read it, or it is damaged.
        """
        return _read_secret(self.key_file)

    def password_file(self, user: str) -> Path:
        """Return the file that contains the password of `user`.

        Raises:
            ConfigurationError: the user's name is no text, or no file can be named after it.
        """
        _validation.require_text("user", user)
        try:
            return self.path / f"password-{quote(user, safe='@+')}"
        except UnicodeEncodeError:
            raise ConfigurationError(f"no file can be named after user {shown(user)}") from None

    def url(self) -> str | None:
        """Return the URL of the server that uses the folder now or used it last, if known."""
        try:
            holder: object = json.loads(self._lock_file.read_bytes())
        except (OSError, ValueError):
            return None
        return cast("dict[str, str]", holder).get("url") if isinstance(holder, dict) else None

    def _keep(self, path: Path, secret: Hidden[str] | None) -> Hidden[str]:
        """Return a secret, created at random if there is none."""
        if secret is not None:
            return secret
        new = Hidden(new_key() if path == self.key_file else new_password())
        with _explaining(path):
            _secrets.write(path, Hidden(f"{new.reveal()}\n"))
        self._new_files.append(path)
        return new

    @property
    def _lock_file(self) -> Path:
        return self.path / "lock"

    def _take(self) -> None:
        """Open the lock file and lock it."""
        import fcntl  # missing on Windows, where this package must still be importable

        deadline = time.monotonic() + LOCK_PATIENCE_S
        while True:
            try:
                with _explaining(self.path):
                    self._open_lock()
                    fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if _secrets.is_at(self._lock_file, self.lock):
                    return
                # A start that was refused has removed the file meanwhile.
                self._release()
                continue
            except BlockingIOError:
                holder = _holder(self.lock)
                self._release()
                self._new_files = []  # the file is the other server's now
                # A server whose parent has ended is about to end too, so wait for it.
                if _lives(holder) or time.monotonic() > deadline:
                    raise self._in_use(holder) from None
            time.sleep(_LOCK_POLL_S)

    def _open_lock(self) -> None:
        """Open the lock file, and create it and its folders if they are missing."""
        self._new_folders = [
            folder for folder in (self.path, *self.path.parents) if not folder.exists()
        ]
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        is_new = not self._lock_file.exists()
        self._lock = os.open(self._lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._new_files = [self._lock_file] if is_new else []

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


def _check_facts(facts: Mapping[object, object]) -> None:
    if not isinstance(cast("object", facts), dict) or not all(
        isinstance(text, str) for fact in facts.items() for text in fact
    ):
        raise ConfigurationError(f"facts must be texts by name, not {shown(facts)}")


@contextmanager
def _explaining(path: Path) -> Generator[None]:
    """Turn an OSError into a ConfigurationError that says what to do."""
    try:
        yield
    except BlockingIOError:
        raise
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise ConfigurationError(
                f"cannot use '{path}': its name is too long for a file; choose a shorter folder or "
                "user"
            ) from error
        raise ConfigurationError(
            f"cannot use '{path}': {error.strerror}; free space or correct its mode, or choose "
            "another folder (--data DIR)"
        ) from error


def new_key() -> str:
    """Return a random key for tokens."""
    return secrets.token_hex(32)


def new_password() -> str:
    """Return a random password."""
    return secrets.token_hex(16)


def _read_secret(path: Path) -> Hidden[str] | None:
    """Return the text of a file, or None if there is no file.

    A key or password of any length is accepted: it may come from a server that serveTF takes over.
    """
    with _explaining(path):
        try:
            with path.open("rb") as file:
                _secrets.refuse_wide_mode(path, file.fileno())
                content = Hidden(file.read())
        except FileNotFoundError:
            return None
    try:
        secret = Hidden(content.reveal().decode().strip("\r\n"))
    except UnicodeDecodeError:
        secret = Hidden("")
    # Without the error above as the context, which contains the secret.
    if not secret.reveal().strip() or "\0" in secret.reveal():
        raise ConfigurationError(
            f"'{path}' is damaged and contains no secret: restore it from a backup, or remove it "
            "to create a new one"
        )
    return secret


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
