"""The users and the key of a server, changed in its database beside running servers."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import subprocess
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import cast

import attrs

from taskfarm_sdk import _secrets, _validation, logins
from taskfarm_sdk.errors import ConfigurationError
from taskfarm_sdk.hidden import Hidden, Veil
from taskfarm_sdk.logins import Login
from taskfarm_sdk.server import _checked
from taskfarm_sdk.server._database import Database
from taskfarm_sdk.server._failures import explain, serve_command
from taskfarm_sdk.server._folder import DataFolder, new_key, new_password
from taskfarm_sdk.server._process import child_environment
from taskfarm_sdk.server._settings import check_password, check_user

_CHILD = Path(__file__).with_name("_users_child.py")


@attrs.frozen
class RemovedUser:
    """What was removed with a user.

    Attributes:
        password_file: the file that contained the password, or None if there was none.
        logins: the saved logins of this machine that had the user's tokens.
        others: the names of the users that are left.
    """

    password_file: Path | None
    logins: tuple[Login, ...]
    others: tuple[str, ...]


class Administration:
    """The users and the key in a server's database, which servers may be using meanwhile.

    Each method is one transaction. A refused one changes neither the database nor the folder.

    Args:
        folder: the server's data folder, which needs no lock for users.
        database: the server's database.

    Raises:
        ConfigurationError: an argument is wrong; by each method, if the database cannot be used or
            has no tables of a server, or if the data folder belongs to another user of this
            machine.
    """

    def __init__(self, folder: DataFolder, database: Database) -> None:
        _checked.kind("folder", folder, DataFolder)
        _checked.kind("database", database, Database)
        self._folder = folder
        self._database = database

    def names(self) -> tuple[str, ...]:
        """Return the names of all users, sorted.

        Raises:
            ConfigurationError: the database cannot be used, or contains no server's tables.
        """
        return _names(self._ask("list"))

    def add_user(self, name: str, password: str | Hidden[str] | None = None) -> Path | None:
        """Add a user.

        Args:
            name: the name, of 1 to 32 characters.
            password: the password; None creates one at random and keeps it in the data folder.

        Returns:
            The file that contains the password, or None if it is not kept.

        Raises:
            ConfigurationError: the name or password is invalid, or the user exists.
        """
        return self._give_password("add", name, password)

    def set_password(self, name: str, password: str | Hidden[str] | None = None) -> Path | None:
        """Change a user's password; its tokens stay valid.

        Args:
            name: the user.
            password: the new password; None creates one at random and keeps it in the data folder.

        Returns:
            The file that contains the password, or None if it is not kept. A password that was kept
            before stays kept, because serveTF needs that of its own user.

        Raises:
            ConfigurationError: the password is invalid, or there is no such user.
        """
        return self._give_password("set-password", name, password)

    def remove_user(self, name: str) -> RemovedUser:
        """Remove a user, its kept password and its saved logins; its tokens become invalid.

        Args:
            name: the user.

        Raises:
            ConfigurationError: there is no such user.
        """
        # Any name, also one that adminTF created and no client can use.
        _validation.require_text("user", name)
        answer = self._ask("remove", name=name)
        others = tuple(other for other in _names(answer) if other != name)
        removed = self._forget_logins(cast("list[int]", answer["ids"]))
        return RemovedUser(self._remove_password(name), removed, others)

    def rotate_key(self) -> bool:
        """Make all tokens invalid; the caller has entered the folder, so that no server uses it.

        A key that the database does not know, because somebody replaced the file, is accepted.
        Otherwise a new one is created.

        Returns:
            Whether a new key was created.

        Raises:
            ConfigurationError: the key cannot be read or written.
        """
        _ = self._folder.lock
        current, new = self._folder.key(), Hidden(new_key())
        with _staged(self._folder.key_file, new) as keep:
            answer = self._ask("rotate-key", current_key=current, new_key=new)
            if answer["is_new"]:
                keep()
        return bool(answer["is_new"])

    def check_exists(self, name: str, *, wanted: bool) -> None:
        """Check that a user exists, or that it does not.

        Args:
            name: the user.
            wanted: whether it must exist.

        Raises:
            ConfigurationError: it does not, or it does; or the name is invalid.
        """
        check_user(name)
        _validation.flag("wanted", wanted)
        names = self.names()
        if wanted and name not in names:
            raise self._unknown(name, names)
        if not wanted and name in names:
            raise self._known(name)

    def _give_password(
        self, action: str, name: str, password: str | Hidden[str] | None
    ) -> Path | None:
        check_user(name)
        file = self._folder.password_file(name)
        is_kept = password is None or file.exists()
        given = new_password() if password is None else password
        secret = given if isinstance(given, Hidden) else Hidden(given)
        del given, password
        check_password(secret)
        self._check_owner()
        if not is_kept:
            self._ask(action, name=name, password=secret)
            return None
        # Written before the database is changed and put in place after it: neither a full disk nor
        # a refusal leaves a file that does not agree with the database.
        with _staged(file, secret) as keep:
            self._ask(action, name=name, password=secret)
            keep()
        return file

    def _remove_password(self, name: str) -> Path | None:
        file = self._folder.password_file(name)
        try:
            file.unlink()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ConfigurationError(
                f"the user is removed, but its password file '{file}' is not: {error.strerror}; "
                "remove it"
            ) from error
        return file

    def _forget_logins(self, ids: Sequence[int]) -> tuple[Login, ...]:
        with suppress(ConfigurationError):  # who cannot read the key has no login by it either
            key = self._folder.key()
            if key is not None:
                return logins.forget_logins(lambda login: _user_id(Hidden(login.token), key) in ids)
        return ()

    def _ask(self, action: str, **request: str | Hidden[str] | None) -> dict[str, object]:
        """Run an action in a process of its own, and return its answer."""
        self._check_owner()
        path = self._database.path
        if path is not None and not path.exists():
            raise self._empty()
        document = Hidden(
            {
                "sqlite_path": None if path is None else os.fspath(path),
                "database_url": self._database.url,
                "connect_args": self._database.connect_args,
                "action": action,
                **{name: _revealed(value) for name, value in request.items()},
            }
        )
        with Veil():
            done = subprocess.run(  # noqa: S603 - the SDK's own script
                [sys.executable, os.fspath(_CHILD)],
                input=json.dumps(document.reveal()).encode(),
                stdout=subprocess.PIPE,
                check=False,
                start_new_session=True,  # Ctrl-C is for this process, which would show no traceback
                env=child_environment(own_python=True).reveal(),
                cwd="/",  # a folder that exists and contains no modules
            )
        answer = cast("dict[str, object]", json.loads(done.stdout)) if done.stdout else {}
        if answer.get("event") == "done":
            return answer
        detail = str(answer.get("detail", "its process ended without a message"))
        raise self._explained(
            str(answer.get("kind", "crash")), detail, str(request.get("name") or "")
        )

    def _check_owner(self) -> None:
        """Refuse to leave files in the folder that the server could not read."""
        with suppress(FileNotFoundError):
            owner = self._folder.path.stat().st_uid
            if owner != os.geteuid():
                raise ConfigurationError(
                    f"the data folder '{self._folder.path}' belongs to another user of this "
                    f"machine: run the command as that user (sudo -u '#{owner}' …)"
                )

    def _explained(self, kind: str, detail: str, name: str) -> ConfigurationError:
        if kind == "no-users-table":
            return self._empty()
        if kind == "user-exists":
            return self._known(name)
        if kind == "user-unknown":
            return self._unknown(name, json.loads(detail))
        if kind in ("internal", "crash"):
            return ConfigurationError(f"the users were not changed: {detail}", detail=detail)
        return explain(kind, detail, database=self._database)

    def _empty(self) -> ConfigurationError:
        start = serve_command("", self._folder.path, self._database).replace("  ", " ")
        return ConfigurationError(
            f"the database {self._database} contains no server's tables yet: start the server once "
            f"with `{start}`, or correct --data or --database-url"
        )

    def _known(self, name: str) -> ConfigurationError:
        return ConfigurationError(
            f"the database {self._database} already has a user {name!r}: --set-password changes "
            "its password"
        )

    def _unknown(self, name: str, names: Sequence[str]) -> ConfigurationError:
        there = ", ".join(map(repr, names)) or "none"
        return ConfigurationError(
            f"the database {self._database} has no user {name!r} (its users: {there}); --add-user "
            "adds one"
        )


def _revealed(value: str | Hidden[str] | None) -> str | None:
    return value.reveal() if isinstance(value, Hidden) else value


def _names(answer: dict[str, object]) -> tuple[str, ...]:
    return tuple(cast("list[str]", answer["names"]))


@contextmanager
def _staged(path: Path, secret: Hidden[str]) -> Generator[Callable[[], None]]:
    """Write a secret beside its file; calling what is yielded puts it in place."""
    staged = path.with_name(f".{path.name}-{os.getpid()}.new")
    new_folders = [folder for folder in path.parents if not folder.exists()]
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _secrets.write(staged, Hidden(f"{secret.reveal()}\n"))
    except OSError as error:
        raise ConfigurationError(
            f"cannot write '{path}': {error.strerror}; nothing was changed"
        ) from error

    def keep() -> None:
        try:
            staged.replace(path)
        except OSError as error:
            raise ConfigurationError(
                f"the database has a new secret that '{path}' has not: {error.strerror}; correct "
                "the mode of its folder, and run the command again"
            ) from error

    try:
        yield keep
    finally:
        with suppress(OSError):
            staged.unlink()
        for folder in new_folders:
            with suppress(OSError):  # it contains the file
                folder.rmdir()


def _user_id(token: Hidden[str], key: Hidden[str]) -> int | None:
    """Return the number of the user that a token is for, or None if another key has signed it."""
    signed, _, signature = token.reveal().rpartition(".")
    expected = hmac.digest(key.reveal().encode(), signed.encode(), hashlib.sha256)
    try:
        if not hmac.compare_digest(_decoded(signature), expected):
            return None
        claims: object = json.loads(_decoded(signed.partition(".")[2]))
    except ValueError:  # no token of this server's
        return None
    number = cast("dict[str, object]", claims).get("id") if isinstance(claims, dict) else None
    return number if isinstance(number, int) else None


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
