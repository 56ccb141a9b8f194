"""Create a farm from the command line's URL and credentials, asking for them if missing."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from taskfarm_cli.common.connection_options import ConnectionOptions
from taskfarm_cli.common.exit_status import CommandError, ExitStatus, UsageError
from taskfarm_cli.common.terminal import NOT_UTF8, ask, ask_secret, can_ask, is_terminal
from taskfarm_sdk.hidden import Hidden

if TYPE_CHECKING:
    from taskfarm_sdk import Farm

FROM_STDIN = Hidden("-")
_OWN_SERVER = "to have a server of your own, start `serveTF`, which saves its login"


def open_farm(options: ConnectionOptions) -> Farm:
    """Return the farm, and ask for credentials if there are none.

    Raises:
        CommandError: there are no credentials, and no terminal to ask on.
        TaskfarmError: a setting is wrong.
    """
    from taskfarm_sdk import AuthenticationError

    password = given_password(options)
    try:
        return make_farm(options, options.user, password)
    except AuthenticationError as missing:
        url = missing.url or ""
        if not can_ask():
            raise no_credentials(url, options) from missing
    if not _is_named(options):
        print(f"No login is saved here; {_OWN_SERVER}.", file=sys.stderr)
    return make_farm(options, *ask_credentials(url, options.user))


def make_farm(options: ConnectionOptions, user: str | None, password: Hidden[str] | None) -> Farm:
    """Return the farm of a command line, with this user and password if known."""
    from taskfarm_sdk import Farm

    return Farm(
        options.baseurl,
        user=user,
        password=None if password is None else password.reveal(),
        give_up_after_s=options.patience_s,
    )


def given_password(options: ConnectionOptions) -> Hidden[str] | None:
    """Return the password of `-p`, read from stdin for `-p -`, or None.

    Raises:
        UsageError: `-p -` was given and stdin is empty.
    """
    if options.password != FROM_STDIN:
        return options.password
    if is_terminal(sys.stdin):
        return ask_secret("Password: ")
    try:
        line = Hidden(sys.stdin.readline().rstrip("\r\n") if sys.stdin else "")
    except UnicodeDecodeError:
        line = None
    if line is None:
        # Raised here: the error above holds what was read.
        raise UsageError(NOT_UTF8)
    if not line.reveal():
        raise UsageError("-p - reads the password from the first line of stdin, which is empty")
    return line


def ask_credentials(
    url: str, user: str | None, known: str | None = None
) -> tuple[str, Hidden[str]]:
    """Ask for the user and password for a server.

    Args:
        url: the server, which is shown so that nobody enters a password for another one.
        user: the user, if given; then only the password is asked for.
        known: the user that an empty answer means.
    """
    likely = os.environ.get("TASKFARM_USER", "").strip() or known
    hint = f" [{likely}]" if likely else ""
    who = user or ask(f"User at {url}{hint}: ") or likely or ""
    return who, ask_secret(f"Password of {who} at {url}: ")


def _is_named(options: ConnectionOptions) -> bool:
    """Return whether somebody said which server is meant."""
    return bool(options.baseurl or os.environ.get("TASKFARM_URL", "").strip())


def no_credentials(url: str, options: ConnectionOptions) -> CommandError:
    """Return the error that says how to log in.

    Args:
        url: the server.
        options: what the command line says of it.
    """
    own = "" if _is_named(options) else f"; {_OWN_SERVER}"
    return CommandError(
        f"no password or token for {url}: log in once with `manageTF --login -b {url} -u "
        f"{options.user or 'USER'}`{own} (unlike taskfarm-worker, this program has no built-in "
        "user and password)",
        ExitStatus.NOT_AUTHENTICATED,
    )
