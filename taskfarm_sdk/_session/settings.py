"""The URL and credentials of a farm: from arguments, the environment, or a saved login.

The first source with credentials is used. Credentials of the environment are sent only to the
origin of TASKFARM_URL if that is set, those of a saved login only to its own origin.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

from taskfarm_sdk import _validation, logins
from taskfarm_sdk.errors import AuthenticationError, ConfigurationError

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
        password: str | None = None,
        token: str | None = None,
        source: str,
    ) -> None:
        self.url: Final = url
        self.user: Final = user
        self.password: Final = password
        self.token: Final = token
        self.source: Final = source


def settle(
    url: str | None = None,
    user: str | None = None,
    password: str | None = None,
    token: str | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Settings:
    """Return the settings from the first source that has credentials.

    Raises:
        ConfigurationError: a setting is invalid.
        AuthenticationError: there are no credentials for the server.
    """
    _utf8("user", user)
    env = {name: value for name, value in environ.items() if name.startswith("TASKFARM_") and value}
    place = _validation.base_url(url or env.get("TASKFARM_URL") or _saved_url() or DEFAULT_URL)
    settings = (
        _from_arguments(place, user, password, token, env)
        or _from_environment(place, user, env)
        or _from_login(place, user)
        or _none(place, user)
    )
    origin = "" if settings.source == "argument" else f" ({settings.source})"
    for name in ("user", "password", "token"):
        _utf8(f"{name}{origin}", getattr(settings, name))
    return settings


def _saved_url() -> str | None:
    login = logins.default_login()
    return login.url if login else None


def _from_arguments(
    url: str, user: str | None, password: str | None, token: str | None, env: Mapping[str, str]
) -> Settings | None:
    if token is not None and password is not None:
        raise ConfigurationError("give a token or a password, not both")
    if token is not None:
        return Settings(url=url, user=user, token=_secret("token", token), source="argument")
    if password is None:
        return None
    if user is None:
        login = logins.find_login(url)
        user = _about(url, env).get("TASKFARM_USER") or (login.user if login else None)
    if not user:
        raise ConfigurationError("a password needs a user: give one, or set TASKFARM_USER")
    known = _secret("password", password)
    return Settings(url=url, user=_name(user), password=known, source="argument")


def _from_environment(url: str, user: str | None, env: Mapping[str, str]) -> Settings | None:
    env = _about(url, env)
    theirs = env.get("TASKFARM_USER")
    if user is not None and theirs is not None and user != theirs:
        return None
    who = user or theirs
    token, password = env.get("TASKFARM_TOKEN"), env.get("TASKFARM_PASSWORD")
    if token is not None:
        return Settings(url=url, user=who, token=token, source="environment")
    if password is None:
        return None
    if who is None:
        raise ConfigurationError("TASKFARM_PASSWORD is set without its user: set TASKFARM_USER")
    return Settings(url=url, user=_name(who), password=password, source="environment")


def _about(url: str, env: Mapping[str, str]) -> Mapping[str, str]:
    """Return the environment if it is for this server, or else nothing."""
    home = env.get("TASKFARM_URL")
    return env if home is None or _validation.origin(home) == _validation.origin(url) else {}


def _from_login(url: str, user: str | None) -> Settings | None:
    login = logins.find_login(url)
    if login is None or (user is not None and user != login.user):
        return None
    return Settings(url=url, user=login.user, token=login.token, source="saved login")


def _none(url: str, user: str | None) -> Settings:
    of_user = f" of user {user!r}" if user else ""
    raise AuthenticationError(
        f"no password or token{of_user} for {url}: log in once with "
        f"`manageTF --login -b {url} -u {user or 'USER'}`, or give user and password, or set "
        "TASKFARM_USER and TASKFARM_PASSWORD (there is no default user or password)",
        url=url,
    )


def _utf8(name: str, value: str | None) -> None:
    """Refuse a text that HTTP cannot carry, without repeating it."""
    # Bytes that are not UTF-8 arrive from the command line and the environment as surrogates.
    if value is not None and any("\ud800" <= character <= "\udfff" for character in value):
        raise ConfigurationError(
            f"the {name} is not UTF-8 text, which the server requires: is it in another encoding?"
        )


def _name(user: str) -> str:
    if ":" in user:
        raise ConfigurationError(f"a user's name must not contain ':', as {user!r} does")
    return user


def _secret(name: str, value: str) -> str:
    if not value:
        raise ConfigurationError(f"the {name} is empty")
    return value
