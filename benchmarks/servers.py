"""The real servers that are measured against: the embedded one, and one on PostgreSQL."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import attrs

from benchmarks.peers import Missing
from taskfarm_sdk import Farm
from taskfarm_sdk.testing import LocalServer
from tests.support.postgresql import NotThere, running_postgresql

EMBEDDED = "embedded (SQLite, one thread)"
POSTGRESQL = "PostgreSQL (2 processes of 4 threads)"


@attrs.frozen
class Place:
    """A server and who asks it.

    Attributes:
        server: the server.
        url: its API's, or that of a proxy before it.
        farm: logged in at it.
        token: the farm's.
    """

    server: LocalServer
    url: str
    farm: Farm
    token: str

    def sqlite(self) -> sqlite3.Connection:
        """Open the embedded server's database, to fill it faster than requests can."""
        path = self.server._settings.database.path
        assert path is not None
        return sqlite3.connect(path, timeout=60)


@contextmanager
def embedded() -> Iterator[Place]:
    """Run the embedded server, fresh and empty."""
    with LocalServer() as server, server.farm() as farm:
        yield Place(server, server.url, farm, farm.login())


@contextmanager
def on_postgresql() -> Iterator[Place]:
    """Run a server on a PostgreSQL of its own.

    Raises:
        Missing: there is no PostgreSQL here.
    """
    try:
        with running_postgresql() as (postgres, _):
            name = f"farm_{secrets.token_hex(4)}"
            postgres.run(f"CREATE DATABASE {name}")
            with (
                LocalServer(database_url=postgres.url(name), processes=2, threads=4) as server,
                server.farm() as farm,
            ):
                yield Place(server, server.url, farm, farm.login())
    except NotThere as error:
        raise Missing(str(error)) from error


SERVERS = {EMBEDDED: embedded, POSTGRESQL: on_postgresql}


def fill(place: Place, tasks: int) -> str:
    """Make a run of which all tasks exist and wait, and return its uuid."""
    run = place.farm.create_run(tasks)
    with closing(place.sqlite()) as database, database:
        database.executemany(
            'INSERT INTO tasks (task, status, "percentCompleted", run_id) '
            "VALUES (?, 'waiting', 0.0, ?)",
            ((number, run.id) for number in range(tasks)),
        )
        database.execute('UPDATE runs SET "nextTask" = ? WHERE id = ?', (tasks, run.id))
    return run.uuid
