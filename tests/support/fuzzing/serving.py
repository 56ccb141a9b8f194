"""The public calls of `taskfarm_sdk.server`, each with right arguments; none starts a process."""

from __future__ import annotations

import functools
import socket
from pathlib import Path
from typing import Any, NoReturn

from taskfarm_sdk import server
from taskfarm_sdk.hidden import Hidden
from taskfarm_sdk.server import (
    Database,
    DataFolder,
    Secrets,
    ServerProcess,
    ServerSettings,
)
from taskfarm_sdk.server._administration import Administration
from tests.support.fuzzing.scene import act
from tests.support.fuzzing.target import Target
from tests.support.secrecy import PASSWORD, TOKEN

_DATABASE_URL = f"postgresql://me:{PASSWORD}@h.invalid/name"


class _Process(ServerProcess):
    """Stands in for a server that was started, and is not heard of."""

    def __init__(self) -> None:
        self._prepared = False

    def _line(self, deadline: float | None) -> NoReturn:
        act(deadline)

    def _signal(self, number: object) -> NoReturn:
        act(number)

    def kill(self) -> None:
        """Leave nothing, for there is nothing."""


class _Users(Administration):
    """Stands in for the users of a database that no process has read."""

    def _ask(self, action: str, **_: object) -> NoReturn:
        act(action)


def _users() -> _Users:
    return _Users(DataFolder("data"), Database.sqlite("farm.db"))


def _used(folder: DataFolder, method: str, given: dict[str, Any]) -> object:
    """Call a method of a folder that is entered, and leave it as it was."""
    with folder:
        try:
            return repr(getattr(folder, method)(**given))
        finally:
            folder.undo()


def _entered(given: dict[str, Any]) -> object:
    with DataFolder(**given) as folder:
        folder.undo()
        return folder.database


def _told(database: Database) -> object:
    """Use a database in all its ways."""
    return repr(database), str(database), database.has_password, database.connect_args


@functools.cache
def _listener() -> socket.socket:
    """Return a socket that is bound to nothing, the same each time: nobody closes it."""
    return socket.socket()


def _settings() -> dict[str, Any]:
    return {
        "database": Database.sqlite("farm.db"),
        "user": "bob",
        "processes": 1,
        "threads": 1,
        "access_log": False,
        "one_key": True,
    }


def _secrets() -> dict[str, Any]:
    return {
        "key": TOKEN,
        "password": PASSWORD,
        "key_file": Path("key"),
        "password_file": Path("password"),
    }


SERVER: dict[str, Target] = {
    "server.Database": Target(
        lambda **given: _told(Database(**given)), lambda: {"path": Path("farm.db"), "url": None}
    ),
    "server.Database.sqlite": Target(
        lambda **given: _told(Database.sqlite(**given)), lambda: {"path": "farm.db"}
    ),
    "server.Database.postgresql": Target(
        lambda **given: _told(Database.postgresql(**given)), lambda: {"url": _DATABASE_URL}
    ),
    "server.Secrets": Target(lambda **given: repr(Secrets(**given)), _secrets),
    "server.ServerSettings": Target(lambda **given: repr(ServerSettings(**given)), _settings),
    "server.check_user": Target(server.check_user, lambda: {"user": "bob"}),
    "server.check_password": Target(server.check_password, lambda: {"password": Hidden(PASSWORD)}),
    "server.bind": Target(server.bind, lambda: {"host": "127.0.0.1", "port": 5000}),
    "server.listen": Target(server.listen, lambda: {"host": "127.0.0.1", "port": 0}),
    "server.port_of": Target(server.port_of, lambda: {"listener": _listener()}),
    "server.DataFolder": Target(lambda **given: _entered(given), lambda: {"path": "data"}),
    "server.DataFolder.password_file": Target(
        lambda **given: DataFolder("data").password_file(**given), lambda: {"user": "bob"}
    ),
    "server.DataFolder.secrets": Target(
        lambda **given: _used(DataFolder("data"), "secrets", given), lambda: {"user": "bob"}
    ),
    "server.DataFolder.record": Target(
        lambda **given: _used(DataFolder("data"), "record", given),
        lambda: {"facts": {"url": "http://h.invalid/api/"}},
    ),
    "server.ServerProcess": Target(
        ServerProcess,
        lambda: {
            "settings": ServerSettings(**_settings()),
            "secrets": Secrets(**_secrets()),
            "listeners": [],
            "python": "python3",
            "log": 2,
            "hold": (),
            "remove": Path("data"),
        },
    ),
    "server.ServerProcess.wait_prepared": Target(
        lambda **given: _Process().wait_prepared(**given), lambda: {"timeout_s": 5.0}
    ),
    "server.ServerProcess.wait_ready": Target(
        lambda **given: _Process().wait_ready(**given), lambda: {"timeout_s": 5.0}
    ),
    "server.ServerProcess.stop": Target(
        lambda **given: _Process().stop(**given), lambda: {"grace_s": 5.0}
    ),
    "server.Administration": Target(
        lambda **given: _Users(**given).names(),
        lambda: {"folder": DataFolder("data"), "database": Database.sqlite("farm.db")},
    ),
    "server.Administration.add_user": Target(
        lambda **given: _users().add_user(**given),
        lambda: {"name": "bob", "password": Hidden(PASSWORD)},
    ),
    "server.Administration.set_password": Target(
        lambda **given: _users().set_password(**given),
        lambda: {"name": "bob", "password": PASSWORD},
    ),
    "server.Administration.remove_user": Target(
        lambda **given: _users().remove_user(**given), lambda: {"name": "bob"}
    ),
    "server.Administration.check_exists": Target(
        lambda **given: _users().check_exists(**given), lambda: {"name": "bob", "wanted": True}
    ),
}
