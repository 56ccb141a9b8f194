"""Settings that a server can be started with, and those that are refused."""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from taskfarm_sdk import ConfigurationError
from taskfarm_sdk.hidden import Hidden
from taskfarm_sdk.server import Database, Secrets, ServerSettings, check_password
from taskfarm_sdk.server._failures import explain

SQLITE = Database.sqlite("farm.db")
SECRET = "p@ss:w/rd"


@pytest.mark.parametrize(
    ("url", "taken", "shown"),
    [
        pytest.param(
            "postgresql://me@db/farm", "postgresql+psycopg://me@db/farm", "postgresql://me@db/farm",
            id="plain",
        ),
        pytest.param(
            "postgres://me:se%40cret@db:5433/farm", "postgresql+psycopg://me:se%40cret@db:5433/farm",
            "postgresql://me:***@db:5433/farm", id="with_a_password",
        ),
        pytest.param(
            "postgresql+psycopg:///farm?host=/run/pg", "postgresql+psycopg:///farm?host=/run/pg",
            "postgresql:///farm", id="over_a_unix_socket",
        ),
        pytest.param(
            " postgresql://db/farm?password=secret ", "postgresql+psycopg://db/farm?password=secret",
            "postgresql://db/farm", id="with_a_password_among_the_options",
        ),
    ],
)  # fmt: skip
def test_a_postgresql_by_its_url(url: str, taken: str, shown: str) -> None:
    database = Database.postgresql(url)
    assert database.url == taken
    assert str(database) == shown
    assert "secret" not in repr(database)
    assert database.has_password == ("secret" in url or "cret" in url)


@pytest.mark.parametrize(
    ("url", "text"),
    [
        pytest.param("mysql://me:secret@db/farm", "not a PostgreSQL URL", id="mysql"),
        pytest.param("postgresql+asyncpg://db/farm", "not a PostgreSQL URL", id="another_driver"),
        pytest.param("sqlite:////farm.db", "the server's SQLite file", id="sqlite"),
        pytest.param("farm", "not a PostgreSQL URL", id="no_url"),
        pytest.param("postgresql://db", "names no database", id="no_database"),
        pytest.param(
            "postgresql://me:secret/x@db:1/farm", "invalid database URL", id="odd_password"
        ),
        pytest.param("postgresql://db:port/farm", "invalid database URL", id="no_port"),
    ],
)
def test_another_url_is_refused_without_its_password(url: str, text: str) -> None:
    with pytest.raises(ConfigurationError, match=text) as caught:
        Database.postgresql(url)
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_sqlite_file_is_shown_by_its_path(tmp_path: Path) -> None:
    assert str(Database.sqlite(tmp_path / "farm.db")) == str(tmp_path / "farm.db")
    assert not Database.sqlite("farm.db").has_password
    path = Database.sqlite("farm.db").path
    assert path is not None
    assert path.is_absolute()


@pytest.mark.parametrize(
    ("processes", "threads"), [(2, 1), (1, 2), (64, 64)], ids=["processes", "threads", "both"]
)
def test_sqlite_has_one_process_and_one_thread(processes: int, threads: int) -> None:
    with pytest.raises(ConfigurationError, match="hands out tasks twice"):
        ServerSettings(database=SQLITE, user="me", processes=processes, threads=threads)
    ServerSettings(
        database=Database.postgresql("postgresql://db/farm"),
        user="me",
        processes=processes,
        threads=threads,
    )


@pytest.mark.parametrize("number", [0, -1, 65, True, 1.0, "1"])
def test_processes_and_threads_are_whole_numbers(number: int) -> None:
    with pytest.raises(ConfigurationError, match="threads must be an integer from 1 to 64"):
        ServerSettings(database=SQLITE, user="me", threads=number)
    with pytest.raises(ConfigurationError, match="processes must be an integer from 1 to 64"):
        ServerSettings(database=SQLITE, user="me", processes=number)


def test_windows_has_no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(ConfigurationError, match="needs Linux or macOS"):
        ServerSettings(database=SQLITE, user="me")


@pytest.mark.parametrize("user", ["", "a:b", "line\nend", "n" * 33])
def test_a_user_that_the_server_cannot_have(user: str) -> None:
    with pytest.raises(ConfigurationError, match="user name|user's name"):
        ServerSettings(database=SQLITE, user=user)


@pytest.mark.parametrize("password", ["p", " p ", "p:w", "ü" * 512, "no\N{NO-BREAK SPACE}break"])
def test_a_password_that_basic_can_carry(password: str) -> None:
    check_password(Hidden(password))


@pytest.mark.parametrize("password", ["", "p\n", "\x00", "\x7f", "\udcff", "p" * 1025, "ü" * 513])
def test_a_password_that_the_server_cannot_have_is_not_shown(password: str) -> None:
    with pytest.raises(ConfigurationError, match="password") as caught:
        check_password(Hidden(password))
    assert not password or password not in str(caught.value)


def test_secrets_do_not_show() -> None:
    shown = repr(Secrets(key="the key", password=SECRET))
    assert "the key" not in shown
    assert SECRET not in shown


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("missing", "pip install '.[server]'"),
        ("user", "with another password"),
        ("database-missing", "createdb"),
        ("database-unauthorised", "~/.pgpass"),
        ("database-forbidden", "grant it"),
        ("database-full", "no space is left"),
        ("database-damaged", "is damaged"),
        ("database-locked", "stop it first"),
        ("database-unreachable", "check that it is running"),
        ("internal", "did not start: what it said"),
        ("a kind of tomorrow", "did not start: what it said"),
    ],
)
def test_each_failure_tells_the_way_out(kind: str, text: str) -> None:
    error = explain(
        kind, "what it said", database=Database.postgresql("postgresql://db/farm"), python=None
    )
    assert text in str(error)
    assert "what it said" in str(error)
    assert error.detail == "what it said"


@pytest.mark.parametrize(
    ("kind", "command"),
    [("user", "--set-password 'my user' --generate-password"), ("key", "--rotate-key")],
)
@pytest.mark.parametrize(
    ("database", "more"),
    [
        (SQLITE, ""),
        (Database.postgresql(f"postgresql://me:{quote(SECRET, safe='')}@db/farm"), "URL"),
    ],
)
def test_the_files_and_a_whole_command_are_told(
    kind: str, command: str, database: Database, more: str
) -> None:
    files = Path("/a folder/secret-key"), Path("/a folder/password-my user")
    told = str(explain(kind, "my user", database=database, files=files))
    option = f" --database-url {more}" if more else ""
    assert f"`serveTF {command} --data '/a folder'{option}`" in told
    assert str(files[kind == "user"]) in told
    assert "p%40ss" not in told


def test_the_url_goes_before_our_own_ways_to_connect() -> None:
    ours = Database.postgresql("postgresql://db/farm").connect_args
    assert {"application_name", "connect_timeout", "tcp_user_timeout"} <= set(ours)
    url = "postgresql://db/farm?connect_timeout=3&application_name=mine"
    theirs = Database.postgresql(url).connect_args
    assert set(ours) - set(theirs) == {"application_name", "connect_timeout"}
