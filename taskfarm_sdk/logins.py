"""Saved logins: the tokens of this user, one for each server.

They are in one JSON file of mode 0600 in the user's configuration folder. Readers take no lock,
because the file is replaced atomically; writers lock a second file.
"""

from __future__ import annotations

import errno
import json
import os
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO, cast

import attrs
import platformdirs

from taskfarm_sdk import _secrets, _validation
from taskfarm_sdk.errors import ConfigurationError
from taskfarm_sdk.hidden import MASK, Hidden, half_made

__all__ = [
    "Login",
    "default_login",
    "find_login",
    "forget_login",
    "forget_logins",
    "login_file",
    "save_login",
    "saved_logins",
]

_VERSION = 1


@attrs.frozen(init=False, repr=False)
class Login:
    """A saved login.

    Attributes:
        url: the API's URL.
        user: the user of the token.
        token: the token, masked in the repr; protect it like a password.
        host: for a loopback URL, the name of its machine, because machines that share home
            folders each have their own localhost; otherwise None.
        default: whether the login is used when no URL is given.

    Raises:
        ConfigurationError: the URL is invalid.
    """

    url: str
    user: str
    _token: Hidden[str]
    host: str | None
    default: bool

    def __init__(
        self,
        url: str | Hidden[str],
        user: str,
        token: str | Hidden[str],
        host: str | None = None,
        default: bool = False,
    ) -> None:
        hidden = Hidden(token) if isinstance(token, str) else token
        place = Hidden(url) if isinstance(url, str) else url
        del token, url
        url_of_api = _validation.base_url(place)
        self.__attrs_init__(url_of_api, user, hidden, host, default)  # pyright: ignore[reportUnknownMemberType, reportAttributeAccessIssue]

    @property
    def token(self) -> str:
        """The token; protect it like a password."""
        return self._token.reveal()

    @property
    def place(self) -> tuple[str, str | None]:
        """The key of the login: its URL, and its machine if the URL is a loopback one."""
        return self.url, self.host

    @property
    def usable_here(self) -> bool:
        """Whether the URL reaches the same server from this machine."""
        return self.host is None or self.host == socket.gethostname()

    @half_made
    def __repr__(self) -> str:
        return (
            f"Login(url={self.url!r}, user={self.user!r}, token={MASK}, host={self.host!r}, "
            f"default={self.default!r})"
        )


def login_file() -> Path:
    """Return the path of the file: `logins.json` in TASKFARM_CONFIG or the user's own folder.

    Raises:
        ConfigurationError: TASKFARM_CONFIG begins with the home folder (~) of nobody.
    """
    folder = os.environ.get("TASKFARM_CONFIG")
    if folder:
        return _validation.path("TASKFARM_CONFIG", folder) / "logins.json"
    return Path(platformdirs.user_config_dir("taskfarm", appauthor=False)) / "logins.json"


def saved_logins() -> tuple[Login, ...]:
    """Return all saved logins, including those of loopback URLs of other machines.

    Raises:
        ConfigurationError: the file is damaged, or other users can read it.
    """
    path = login_file()
    try:
        with path.open(encoding="utf-8") as file:
            _secrets.refuse_wide_mode(path, file.fileno())
            found = _read(file)
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _circle(path) from error
        raise ConfigurationError(f"cannot read the saved logins: {error}") from error
    if found is None:
        # Without a cause, which would contain the text with its tokens.
        raise ConfigurationError(
            f"the file of saved logins '{path}' is damaged: remove it and log in again"
        )
    return found


def default_login() -> Login | None:
    """Return the login that is used when no URL is given; one of a loopback URL comes first.

    Raises:
        ConfigurationError: the file is damaged, or other users can read it.
    """
    here = [login for login in saved_logins() if login.default and login.usable_here]
    return next(iter(sorted(here, key=lambda login: login.host is None)), None)


def find_login(url: str) -> Login | None:
    """Return the login saved for a URL, or else one of the same origin.

    Args:
        url: the API's URL.

    Returns:
        The login, or None if none can be used on this machine.

    Raises:
        ConfigurationError: the file cannot be read.
    """
    given = Hidden(url)
    del url
    wanted = _validation.base_url(given)
    here = [login for login in saved_logins() if login.usable_here]
    same_url = [login for login in here if login.url == wanted]
    same_origin = [
        login for login in here if _validation.origin(login.url) == _validation.origin(wanted)
    ]
    return next(iter(same_url + same_origin), None)


def save_login(url: str, user: str, token: str, *, replace_default: bool = True) -> Login:
    """Save a login; it replaces an older one for the same URL.

    Args:
        url: the API's URL.
        user: the user of the token.
        token: a token from the server.
        replace_default: whether it becomes the default even if this machine has another one.

    Returns:
        The saved login.

    Raises:
        ConfigurationError: an argument is wrong, or the file cannot be read or written.
    """
    given, secret = Hidden(url), Hidden(token)
    del url, token
    wanted = _validation.base_url(given)
    _validation.require_text("user", user)
    _validation.require_text("token", secret)
    _validation.flag("replace_default", replace_default)
    host = socket.gethostname() if _validation.is_loopback(wanted) else None
    new = Login(wanted, user, secret, host)
    with _locked() as path:
        before = saved_logins()
        others = [login for login in before if login.place != new.place]
        was_default = any(login.default for login in before if login.place == new.place)
        taken = any(login.default and login.usable_here for login in others)
        if replace_default or was_default or not taken:
            others = [_yielding(login, new) for login in others]
            new = attrs.evolve(new, default=True)
        _write(path, [*others, new])
    return new


def forget_login(url: str) -> Login | None:
    """Remove the login saved for a URL from the file; the server cannot revoke its token.

    Args:
        url: the API's URL.

    Returns:
        The login that was removed, or None if there was none.

    Raises:
        ConfigurationError: the file cannot be read or written.
    """
    given = Hidden(url)
    del url
    wanted = _validation.base_url(given)
    found = next((o for o in saved_logins() if o.url == wanted and o.usable_here), None)
    if found is None:
        return None
    with _locked() as path:
        _write(path, [login for login in saved_logins() if login.place != found.place])
    return found


def forget_logins(matches: Callable[[Login], bool]) -> tuple[Login, ...]:
    """Remove each login that a function chooses, those of loopback URLs of other machines too.

    Args:
        matches: returns whether a login is removed.

    Returns:
        The logins that were removed.

    Raises:
        ConfigurationError: the file cannot be read or written.
    """
    _validation.function("matches", matches)
    if not any(matches(login) for login in saved_logins()):
        return ()
    with _locked() as path:
        before = saved_logins()
        found = tuple(login for login in before if matches(login))
        _write(path, [login for login in before if login not in found])
    return found


def _yielding(old: Login, new: Login) -> Login:
    """Return `old`, no longer as the default if `new` replaces it as the default.

    A loopback login replaces the default only on its own machine; others keep their shared one.
    """
    gives_way = old.usable_here and (old.host is not None or new.host is None)
    return attrs.evolve(old, default=old.default and not gives_way)


def _circle(path: Path) -> ConfigurationError:
    return ConfigurationError(
        f"the file of saved logins '{path}' is one of links in a circle: remove the link"
    )


def _read(file: TextIO) -> tuple[Login, ...] | None:
    """Return the logins in a file, or None if it is damaged.

    Raises:
        OSError: it cannot be read.
    """
    try:
        rows = cast("dict[str, list[dict[str, object]]]", json.load(file))["logins"]
        return tuple(_login(row) for row in rows)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, ConfigurationError):
        return None


def _login(row: dict[str, object]) -> Login:
    url, user, token, host = row["url"], row["user"], row["token"], row.get("host")
    if not (isinstance(url, str) and isinstance(user, str) and isinstance(token, str)):
        raise TypeError("a login's url, user and token are strings")
    if not (host is None or isinstance(host, str)):
        raise TypeError("a login's host is a string or null")
    return Login(url, user, token, host, row.get("default") is True)


def _write(path: Path, logins: list[Login]) -> None:
    _secrets.write(path, _document(logins))


def _document(logins: list[Login]) -> Hidden[str]:
    rows = [
        {
            "url": login.url,
            "user": login.user,
            "token": login.token,
            "host": login.host,
            "default": login.default,
        }
        for login in logins
    ]
    return Hidden(json.dumps({"version": _VERSION, "logins": rows}, indent=2) + "\n")


@contextmanager
def _locked() -> Generator[Path]:
    path = login_file()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with path.with_suffix(".lock").open("a", encoding="utf-8") as lock:
            _secrets.lock(lock.fileno())
            yield path
    except OSError as error:
        # The target of a link may be the place of the trouble.
        behind = f" (a link to '{os.path.realpath(path)}')" if path.is_symlink() else ""
        raise ConfigurationError(
            f"cannot save logins in '{path}'{behind}: {error.strerror}"
        ) from error
