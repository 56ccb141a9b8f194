"""`--login`, `--logout` and `--whoami`: the saved logins, and who one is to a server."""

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

if TYPE_CHECKING:
    from taskfarm_sdk import Farm


def log_in(arguments: Arguments, output: Output) -> ExitStatus:
    """Get a token for a user and password, and save it.

    Raises:
        CommandError: user or password are missing, or the login cannot be saved.
        TaskfarmError: the server does not give a token.
    """
    from taskfarm_sdk import ConfigurationError, logins

    with _farm_with_secret(arguments) as farm:
        token = farm.login()
        if farm.user is None:
            raise UsageError("whose token is it? give the user with -u")
        try:
            saved = logins.save_login(farm.url, farm.user, token)
        except ConfigurationError as error:
            raise CommandError(str(error)) from error
    output.login(saved)
    return ExitStatus.OK


def log_out(arguments: Arguments, output: Output) -> ExitStatus:
    """Forget the login saved for a server.

    Raises:
        CommandError: there is none.
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
        "the token is gone from this machine, but the server cannot revoke it: a copy of it works "
        "until the server's SECRET_KEY is changed",
    )
    return ExitStatus.OK


def who_am_i(arguments: Arguments, output: Output) -> ExitStatus:
    """Show which server, user and credentials are used, and whether the server takes them.

    Raises:
        TaskfarmError: it does not, or could not be asked; what is known was shown.
    """
    from taskfarm_sdk import AuthenticationError, TaskfarmError

    password = given_password(arguments)
    try:
        farm = make_farm(arguments, arguments.user, password)
    except AuthenticationError as missing:
        url = missing.url or ""
        output.identity(Identity(url, arguments.user, None, accepted=None))
        raise no_credentials(url, arguments.user) from missing
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
    """Return a farm that can get a new token: one that was saved before is no reason not to."""
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
            f"--login needs a password for {url}: give -u USER and -p -, which reads it from "
            "stdin, or run it in a terminal"
        )
    return make_farm(arguments, *ask_credentials(url, arguments.user, known))


def _url(arguments: Arguments) -> str:
    """Return the URL that would be used, whether or not there are credentials for it."""
    from taskfarm_sdk import AuthenticationError

    try:
        with make_farm(arguments, None, None) as farm:
            return farm.url
    except AuthenticationError as missing:
        return missing.url or ""
