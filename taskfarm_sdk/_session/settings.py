"""The URL and credentials of a farm: from arguments, the environment, or a saved login.

The first source with credentials is used. Credentials of the environment are sent only to the
origin of TASKFARM_URL if that is set, those of a saved login only to its own origin.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from typing import Final

from taskfarm_sdk import _validation, logins
from taskfarm_sdk.errors import AuthenticationError, ConfigurationError
from taskfarm_sdk.hidden import Hidden

DEFAULT_URL = "http://localhost:5000/api/"


class Settings:
    """The URL of a farm and the credentials to use.

    Attributes:
        url: the API's URL, normalised.
        user: the user's name, if known.
        password: the password, or None if there is only a token.
        token: the token, if one was given or saved.
        source: the source of the credentials, for messages.
    """

    # Without attrs, which would take longer to create the class than this module takes to run.
    def __init__(
        self,
        *,
        url: str,
        user: str | None,
        password: Hidden[str] | None = None,
        token: Hidden[str] | None = None,
        source: str,
    ) -> None:
        self.url: Final = url
        self.user: Final = user
        self.password: Final = password
        self.token: Final = token
        self.source: Final = source


class _Environment:
    """What the environment says of a farm; what is empty counts as not set."""

    def __init__(self, environ: Hidden[Mapping[str, str]]) -> None:
        self._environ = environ
        # Editors and scripts leave line ends and blanks around what is in a file.
        self.url: Final = self._get("TASKFARM_URL", str.strip)
        self.user: Final = _shown(self._get("TASKFARM_USER", str.strip))
        self.token: Final = self._get("TASKFARM_TOKEN", str.strip)
        self.password: Final = self._get("TASKFARM_PASSWORD", _without_line_end)

    def about(self, url: str) -> _Environment:
        """Return it if it is for this server, or else an empty one."""
        home = self.url
        is_for_it = home is None or _validation.origin(home) == _validation.origin(url)
        return self if is_for_it else _Environment(Hidden({}))

    def _get(self, name: str, clean: Callable[[str], str]) -> Hidden[str] | None:
        found = Hidden(clean(self._environ.reveal().get(name, "")))
        return found if found.reveal() else None


def settle(
    url: Hidden[str] | None = None,
    user: str | None = None,
    password: Hidden[str] | None = None,
    token: Hidden[str] | None = None,
    environ: Hidden[Mapping[str, str]] | None = None,
) -> Settings:
    """Return the settings from the first source that has credentials.

    Args:
        url: the API's URL; hidden, because an invalid one may contain a password.
        user: the user's name.
        password: the user's password.
        token: a token.
        environ: the environment; None is this process's own.

    Raises:
        ConfigurationError: a setting is invalid.
        AuthenticationError: there are no credentials for the server.
    """
    _check_types(url, user, password, token)
    _utf8("user", user)
    env = _Environment(environ or Hidden(os.environ))
    place = _validation.base_url(url or env.url or _saved_url() or Hidden(DEFAULT_URL))
    settings = (
        _from_arguments(place, user, password, token, env)
        or _from_environment(place, user, env)
        or _from_login(place, user)
        or _none(place, user)
    )
    origin = "" if settings.source == "argument" else f" ({settings.source})"
    _utf8(f"user{origin}", settings.user)
    _utf8(f"password{origin}", settings.password)
    _utf8(f"token{origin}", settings.token)
    _without_controls(f"token{origin}", settings.token)
    return settings


def _check_types(
    url: Hidden[str] | None,
    user: str | None,
    password: Hidden[str] | None,
    token: Hidden[str] | None,
) -> None:
    given = {"URL": url, "user": user, "password": password, "token": token}
    for name, value in given.items():
        if value is not None:
            _validation.require_text(name, value)


def _saved_url() -> Hidden[str] | None:
    login = logins.default_login()
    return Hidden(login.url) if login else None


def _from_arguments(
    url: str,
    user: str | None,
    password: Hidden[str] | None,
    token: Hidden[str] | None,
    env: _Environment,
) -> Settings | None:
    if token is not None and password is not None:
        raise ConfigurationError("give a token or a password, not both")
    if token is not None:
        known = _given("token", Hidden(token.reveal().strip()))
        return Settings(url=url, user=user, token=known, source="argument")
    if password is None:
        return None
    if user is None:
        login = logins.find_login(url)
        user = env.about(url).user or (login.user if login else None)
    if not user:
        raise ConfigurationError("a password needs a user: give one, or set TASKFARM_USER")
    known = _given("password", Hidden(_without_line_end(password.reveal())))
    return Settings(url=url, user=_name(user), password=known, source="argument")


def _from_environment(url: str, user: str | None, env: _Environment) -> Settings | None:
    env = env.about(url)
    theirs = env.user
    if user is not None and theirs is not None and user != theirs:
        return None
    who = user or theirs
    if env.token is not None:
        return Settings(url=url, user=who, token=env.token, source="environment")
    if env.password is None:
        return None
    if who is None:
        raise ConfigurationError("TASKFARM_PASSWORD is set without its user: set TASKFARM_USER")
    return Settings(url=url, user=_name(who), password=env.password, source="environment")


def _from_login(url: str, user: str | None) -> Settings | None:
    login = logins.find_login(url)
    if login is None or (user is not None and user != login.user):
        return None
    return Settings(url=url, user=login.user, token=Hidden(login.token), source="saved login")


def _none(url: str, user: str | None) -> Settings:
    of_user = f" of user {user!r}" if user else ""
    # The usual URL is often nobody's choice: that of a newcomer without a server.
    own = (
        "; `serveTF` starts a server at http://127.0.0.1:5000/api/ and saves its login"
        if url == DEFAULT_URL
        else ""
    )
    raise AuthenticationError(
        f"no password or token{of_user} for {url}: log in once with "
        f"`manageTF --login -b {url} -u {user or 'USER'}`, or give user and password, or set "
        f"TASKFARM_USER and TASKFARM_PASSWORD (there is no default user or password){own}",
        url=url,
    )


def _utf8(name: str, value: Hidden[str] | str | None) -> None:
    """Refuse a text that HTTP cannot carry, without repeating it."""
    # Bytes that are not UTF-8 arrive from the command line and the environment as surrogates.
    if _finds("[\ud800-\udfff]", value):
        raise ConfigurationError(
            f"the {name} is not UTF-8 text, which the server requires: is it in another encoding?"
        )


def _without_controls(name: str, token: Hidden[str] | None) -> None:
    """Refuse a token with a line end inside, such as two tokens or a whole file."""
    if _finds("[\\x00-\\x1f\\x7f-\\x9f]", token):
        raise ConfigurationError(
            f"the {name} contains a control character, such as a line end or a tab, which no token "
            "has: give the token alone; nothing was sent"
        )


def _finds(pattern: str, value: Hidden[str] | str | None) -> bool:
    text = Hidden(value) if isinstance(value, str) else value
    return text is not None and re.search(pattern, text.reveal()) is not None


def _without_line_end(text: str) -> str:
    """Return a password without line ends behind it; blanks around it may belong to it."""
    return text.rstrip("\r\n")


def _shown(text: Hidden[str] | None) -> str | None:
    return None if text is None else text.reveal()


def _name(user: str) -> str:
    if ":" in user:
        raise ConfigurationError(f"a user's name must not contain ':', as {user!r} does")
    return user


def _given(name: str, value: Hidden[str]) -> Hidden[str]:
    if not value.reveal():
        raise ConfigurationError(f"the {name} is empty")
    return value
