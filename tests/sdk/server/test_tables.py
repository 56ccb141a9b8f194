"""The transaction that prepares a server's database, and the key's fingerprint in it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from taskfarm_sdk.server import _tables

KEY = _tables.Hidden("a key that only the data folder has")


def config(path: Path) -> dict[str, Any]:
    return {"sqlite_path": str(path), "database_url": None, "connect_args": {}}


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "odd ?#%41 name.db"


def test_a_transaction_that_fails_leaves_no_new_file(database: Path) -> None:
    with pytest.raises(ZeroDivisionError), _tables.transaction(config(database)) as connection:
        _tables.record_key(connection, KEY)
        raise ZeroDivisionError
    assert list(database.parent.iterdir()) == []


def test_a_transaction_that_fails_leaves_an_old_file_as_it_was(database: Path) -> None:
    with _tables.transaction(config(database)) as connection:
        _tables.record_key(connection, _tables.Hidden("first"))
    before = database.read_bytes()
    with pytest.raises(ZeroDivisionError), _tables.transaction(config(database)) as connection:
        connection.exec_driver_sql("CREATE TABLE more (x)")
        _tables.record_key(connection, KEY)
        raise ZeroDivisionError
    assert database.read_bytes() == before


def test_a_database_that_somebody_writes_to_is_locked(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_tables, "BUSY_TIMEOUT_S", 0.0)
    with closing(sqlite3.connect(database)) as other:
        other.execute("BEGIN IMMEDIATE")
        with (
            pytest.raises(_tables.Failure) as caught,
            _tables.transaction(config(database)),
        ):
            pass
    assert caught.value.kind == "database-locked"


def test_a_key_is_known_again_and_another_is_not(database: Path) -> None:
    with _tables.transaction(config(database)) as connection:
        assert _tables.has_key(connection, _tables.Hidden("any"))
        _tables.record_key(connection, KEY)
    with _tables.transaction(config(database)) as connection:
        assert _tables.has_key(connection, KEY)
        assert not _tables.has_key(connection, _tables.Hidden(f"{KEY.reveal()} "))
        _tables.record_key(connection, _tables.Hidden("another"))
        assert not _tables.has_key(connection, KEY)


def test_the_database_does_not_tell_the_key(database: Path) -> None:
    contents = []
    for _ in range(2):
        with _tables.transaction(config(database)) as connection:
            _tables.record_key(connection, KEY)
        with closing(sqlite3.connect(database)) as there:
            contents += there.execute("SELECT value FROM taskfarm_sdk").fetchall()
        assert str(KEY.reveal()).encode() not in database.read_bytes()
    assert len(set(contents)) == 2, "salted"
