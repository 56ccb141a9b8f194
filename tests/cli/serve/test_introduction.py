"""The lines that serveTF writes before it listens."""

from __future__ import annotations

from pathlib import Path

import pytest

from taskfarm_cli.serve.introduction import introduction
from taskfarm_sdk.server import Capacity, Database, ServerSettings

SQLITE = Database.sqlite("/d/taskfarm.db")
POSTGRESQL = Database.postgresql("postgresql://me@db.example/farm")
ROOM = Capacity(needed=2, allowed=97, held=0)


def lines(
    database: Database = POSTGRESQL,
    *,
    at_once: tuple[int, int] = (2, 4),
    host: str = "127.0.0.1",
    capacity: Capacity | None = ROOM,
) -> list[str]:
    processes, threads = at_once
    settings = ServerSettings(database=database, user="anna", processes=processes, threads=threads)
    return list(introduction(settings, Path("/d/password-anna"), host, capacity))


def test_the_database_and_the_user_come_first_and_alone_where_all_is_well() -> None:
    assert lines() == [
        "database: postgresql://me@db.example/farm",
        "user: anna, password: in '/d/password-anna'",
    ]
    assert lines(SQLITE, at_once=(1, 1), capacity=None)[0] == "database: /d/taskfarm.db"


def test_connections_that_do_not_fit_are_told_with_the_figures() -> None:
    (line,) = lines(capacity=Capacity(needed=16, allowed=12, held=3))[2:]
    assert line.startswith("warning: ")
    assert "16 connections" in line
    assert "allows 12" in line
    assert "use 3 now" in line


@pytest.mark.parametrize(
    ("database", "at_once", "hinted"),
    [(POSTGRESQL, (1, 1), True), (POSTGRESQL, (1, 2), False), (SQLITE, (1, 1), False)],
)
def test_who_leaves_postgresql_one_thread_gets_a_hint(
    database: Database, at_once: tuple[int, int], hinted: bool
) -> None:
    hints = [line for line in lines(database, at_once=at_once) if line.startswith("hint: ")]
    assert bool(hints) is hinted
    assert all("--processes" in line and "--threads" in line for line in hints)


@pytest.mark.parametrize(
    ("host", "warned"),
    [("127.0.0.1", False), ("localhost", False), ("0.0.0.0", True), ("farm.example", True)],
)
def test_who_lets_the_network_in_is_warned(host: str, warned: bool) -> None:
    assert any("a TLS proxy" in line for line in lines(host=host)) is warned


def test_a_password_for_all_to_see_is_warned_of_and_not_shown() -> None:
    url = "postgresql://me:hidden@db.example/farm"
    told = lines(Database.postgresql(url))
    assert "~/.pgpass" in told[2]
    assert "hidden" not in " ".join(told)
