"""The options of serveTF that change users or the key, and start no server."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

from taskfarm_cli.common.exit_status import CommandError, ExitStatus, UsageError
from taskfarm_cli.common.guard import complain
from taskfarm_cli.common.terminal import NOT_UTF8, ask_secret, is_terminal
from taskfarm_cli.common.text import printable
from taskfarm_cli.serve.arguments import PROGRAM, START, Arguments
from taskfarm_sdk.hidden import Hidden, Veil

if TYPE_CHECKING:
    from pathlib import Path

    from taskfarm_sdk.server import Administration, Database, DataFolder, RemovedUser

# Longer than any password that is accepted; a pipe may never end.
_MOST_CHARACTERS = 65_536


def database_of(folder: DataFolder, arguments: Arguments) -> Database:
    """Return the database of a command line.

    Raises:
        ConfigurationError: its URL is invalid.
    """
    from taskfarm_sdk.server import Database

    url = arguments.database_url
    return folder.database if url is None else Database.postgresql(url.reveal())


def administer(arguments: Arguments) -> ExitStatus:
    """Do what the command line says with the users or the key, and end.

    Raises:
        CommandError: it was refused, and nothing was changed.
    """
    from taskfarm_sdk import TaskfarmError
    from taskfarm_sdk.server import Administration, DataFolder

    # The same exception as Ctrl-C, so that no file with a password is left behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        folder = DataFolder(arguments.data)
        users = Administration(folder, database_of(folder, arguments))
        if arguments.list_users:
            _list(users)
        elif arguments.rotate_key:
            _rotate_key(folder, users)
        elif arguments.remove_user is not None:
            _tell_removed(arguments.remove_user, users.remove_user(arguments.remove_user))
        elif arguments.add_user is not None:
            _add(users, arguments.add_user, generate=arguments.generate_password)
        elif arguments.set_password is not None:
            _set_password(users, arguments.set_password, generate=arguments.generate_password)
    except TaskfarmError as error:
        raise CommandError(str(error)) from error
    return ExitStatus.OK


def _list(users: Administration) -> None:
    for name in users.names():
        print(printable(name))


def _add(users: Administration, name: str, *, generate: bool) -> None:
    password = _new_password(users, name, exists=False, generate=generate)
    file = users.add_user(name, password)
    _say(f"the user {name!r} is added{_kept(file)}")


def _set_password(users: Administration, name: str, *, generate: bool) -> None:
    password = _new_password(users, name, exists=True, generate=generate)
    file = users.set_password(name, password)
    _say(f"the password of {name!r} is changed{_kept(file)}")
    _say(
        "its tokens stay valid: remove the user and add it again to have its saved logins and "
        "running workers refused"
    )


def _tell_removed(name: str, removed: RemovedUser) -> None:
    _say(f"the user {name!r} is removed; its tokens are refused from now on")
    if removed.password_file is not None:
        _say(f"its password file is removed: '{removed.password_file}'")
    for login in removed.logins:
        _say(f"its saved login for {login.url} is removed")
    _say(
        "its running workers stop at their next request; other workers take over the tasks that "
        "they held, or 'manageTF --reset UUID' sets them waiting if nobody else works on the run"
    )
    if name == START["user"] or not removed.others:
        _say(f"serveTF creates its own user at each start: {START['user']!r}, or that of --user")


def _rotate_key(folder: DataFolder, users: Administration) -> None:
    with folder:
        try:
            is_new = users.rotate_key()
        finally:
            folder.undo()  # of a folder and a lock that were not there, not of the key
    done = "is new" if is_new else "was replaced before, and is accepted now"
    _say(f"the key in '{folder.key_file}' {done}; all tokens are invalid")
    _say(
        "copy it to the data folder of each other server of the database before you start that; "
        "each user must log in again (manageTF --login)"
    )


def _new_password(
    users: Administration, name: str, *, exists: bool, generate: bool
) -> Hidden[str] | None:
    """Return the password that a person types or a pipe contains; None if it is to be generated.

    Raises:
        CommandError: it is missing, or was typed differently the second time.
        ConfigurationError: the name is invalid.
    """
    from taskfarm_sdk.server import check_password, check_user

    check_user(name)
    if generate:
        return None
    if not is_terminal(sys.stdin):
        return _piped_password()
    # Nobody should have to type a password twice for a name that is refused.
    users.check_exists(name, wanted=exists)
    password = ask_secret(f"New password of {name}: ")
    check_password(password)
    if ask_secret("The same again: ") != password:
        raise CommandError("the two passwords differ; nothing was changed")
    return password


def _piped_password() -> Hidden[str]:
    try:
        with Veil():
            line = Hidden(sys.stdin.readline(_MOST_CHARACTERS) if sys.stdin else "")
    except UnicodeDecodeError:
        line = None
    if line is None:
        # Raised here: the error above holds what was read.
        raise UsageError(NOT_UTF8)
    if not line.reveal().rstrip("\r\n"):
        raise UsageError(
            "the password is read from the first line of stdin, which is empty: write it there, "
            "run the command in a terminal, or add --generate-password"
        )
    return Hidden(line.reveal().rstrip("\r\n"))


def _kept(file: Path | None) -> str:
    return "" if file is None else f"; its password is in '{file}'"


def _say(text: str) -> None:
    complain(PROGRAM, text)
