"""`--login`, `--logout` and `--whoami`: saved logins, and the user at a server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskfarm_cli.common.credentials import (
    ask_credentials,
    given_password,
    make_farm,
    no_credentials,
)
from taskfarm_cli.common.exit_status import CommandError, ExitStatus, UsageError
from taskfarm_cli.common.guard import complain
from taskfarm_cli.common.terminal import can_ask
from taskfarm_cli.manage.mode import PROGRAM, Arguments
from taskfarm_cli.manage.output.base import Identity, Output
from taskfarm_sdk.hidden import Hidden

if TYPE_CHECKING:
    from taskfarm_sdk import Farm


def log_in(arguments: Arguments, output: Output) -> ExitStatus:
    """Get a token for a user and password, and save it.

    Raises:
        CommandError: the user or password is missing, or the login cannot be saved.
        TaskfarmError: the server returned no token.
    """
    from taskfarm_sdk import ConfigurationError, logins

    with _farm_with_secret(arguments) as farm:
        if farm.user is None:
            raise UsageError("the user of the token is unknown: give it with -u")
        token = Hidden(farm.login())
        try:
            saved = logins.save_login(farm.url, farm.user, token.reveal())
        except ConfigurationError as error:
            raise CommandError(str(error)) from error
    output.login(saved)
    return ExitStatus.OK


def log_out(arguments: Arguments, output: Output) -> ExitStatus:
    """Remove the login saved for a server.

    Raises:
        CommandError: no login is saved for it.
        TaskfarmError: the saved logins cannot be read or written.
    """
    from taskfarm_sdk import logins

    url = _url(arguments)
    forgotten = logins.forget_login(url)
    if forgotten is None:
        others = ", ".join(login.url for login in logins.saved_logins() if login.usable_here)
        raise CommandError(f"no login is saved for {url} (saved: {others or 'none'})")
    output.login(forgotten)
    complain(
        PROGRAM,
        "the token is removed from this machine, but the server cannot revoke it: a copy of it is "
        "valid until its user is removed or the server's SECRET_KEY changes",
    )
    return ExitStatus.OK


def who_am_i(arguments: Arguments, output: Output) -> ExitStatus:
    """Show which server, user and credentials are used, and whether the server accepts them.

    Raises:
        TaskfarmError: the server refused them or was not reached; what is known was shown.
    """
    from taskfarm_sdk import AuthenticationError, TaskfarmError

    password = given_password(arguments)
    try:
        farm = make_farm(arguments, arguments.user, password)
    except AuthenticationError as missing:
        url = missing.url or ""
        output.identity(Identity(url, arguments.user, None, accepted=None))
        raise no_credentials(url, arguments) from missing
    with farm:
        known = Identity(farm.url, farm.user, farm.credentials_from, accepted=True)
        try:
            farm.login()
        except TaskfarmError as error:
            refused = isinstance(error, AuthenticationError)
            output.identity(known._replace(accepted=False if refused else None))
            raise
        output.identity(known)
    return ExitStatus.OK


def _farm_with_secret(arguments: Arguments) -> Farm:
    """Return a farm with credentials for a new token, ignoring a saved login."""
    from taskfarm_sdk import AuthenticationError

    password = given_password(arguments)
    known: str | None = None
    try:
        farm = make_farm(arguments, arguments.user, password)
    except AuthenticationError as missing:
        url = missing.url or ""
    else:
        if farm.credentials_from != "saved login":
            return farm
        url, known = farm.url, farm.user
        farm.close()
    if not can_ask():
        raise UsageError(
            f"--login needs a password for {url}: give -u USER and `-p -`, which reads it from "
            "stdin, or run it in a terminal"
        )
    return make_farm(arguments, *ask_credentials(url, arguments.user, known))


def _url(arguments: Arguments) -> str:
    """Return the URL that would be used, with or without credentials for it."""
    from taskfarm_sdk import AuthenticationError

    try:
        with make_farm(arguments, None, None) as farm:
            return farm.url
    except AuthenticationError as missing:
        return missing.url or ""
