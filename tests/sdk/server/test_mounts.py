"""Folders that will do for SQLite's WAL."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from taskfarm_sdk import ConfigurationError
from taskfarm_sdk._processes import mounts
from taskfarm_sdk.server._mounts import check_wal


def test_a_local_folder_will_do_and_stays_empty(tmp_path: Path) -> None:
    check_wal(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_network_folder_is_refused_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mountinfo = tmp_path / "mountinfo"
    mountinfo.write_text("22 1 0:35 / / rw - nfs4 files:/ rw\n")
    monkeypatch.setattr(mounts, "MOUNTINFO", mountinfo)
    with pytest.raises(ConfigurationError, match="network file system") as caught:
        check_wal(tmp_path)
    for part in ("(nfs4)", "--data DIR", "--database-url URL"):
        assert part in str(caught.value)


class Stubborn(sqlite3.Connection):
    """SQLite where there is no shared memory: it stays in its old mode."""

    def execute(self, sql: str, /, *rest: object) -> sqlite3.Cursor:
        return super().execute(sql.replace("=WAL", "=DELETE"))


class Full(sqlite3.Connection):
    """SQLite on a full disk."""

    def execute(self, sql: str, /, *rest: object) -> sqlite3.Cursor:
        if sql.startswith("CREATE"):
            super().execute("PRAGMA max_page_count=1")
        return super().execute(sql)


class Locked(sqlite3.Connection):
    """SQLite where nobody can take a lock."""

    def execute(self, sql: str, /, *rest: object) -> sqlite3.Cursor:
        raise sqlite3.OperationalError("locking protocol")


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        pytest.param(Stubborn, "mode stays 'delete'", id="no_shared_memory"),
        pytest.param(Full, "no space is left", id="full"),
        pytest.param(Locked, "locking protocol", id="no_locks"),
    ],
)
def test_what_the_table_does_not_tell_is_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[sqlite3.Connection], text: str
) -> None:
    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda path, **more: connect(path, factory=kind, **more)
    )
    with pytest.raises(ConfigurationError, match=text):
        check_wal(tmp_path)
    assert list(tmp_path.iterdir()) == []
