"""Folders that will do for SQLite's WAL."""

from __future__ import annotations

import sqlite3
from pathlib import Path, PurePosixPath

import pytest

from taskfarm_sdk import ConfigurationError
from taskfarm_sdk.server import _mounts
from taskfarm_sdk.server._mounts import check_wal, filesystem_type, is_network

MOUNTINFO = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
23 22 0:21 / /proc rw,nosuid - proc proc rw
40 22 0:35 / /home rw,relatime shared:20 - nfs4 files:/home rw,vers=4.2
41 40 8:2 / /home/local rw,relatime - xfs /dev/sdb1 rw
42 22 0:36 / /mnt/my\\040files rw,relatime - fuse.sshfs me@there: rw
43 22 0:37 / /over rw - tmpfs tmpfs rw
44 22 0:38 / /over rw master:3 propagate_from:2 - lustre mds:/fs rw
45 22 0:39 / /homework rw,relatime - btrfs /dev/sdc rw
a line of another kind
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        pytest.param("/", "ext4", id="the_root"),
        pytest.param("/var/lib/taskfarm", "ext4", id="below_the_root"),
        pytest.param("/home/me/.local/share/taskfarm", "nfs4", id="home_on_nfs"),
        pytest.param("/home/local/me", "xfs", id="a_disk_below_nfs"),
        pytest.param("/homework/me", "btrfs", id="a_name_that_begins_alike"),
        pytest.param("/mnt/my files/farm", "fuse.sshfs", id="a_space_in_the_name"),
        pytest.param("/over/data", "lustre", id="the_later_of_two_mounts"),
    ],
)
def test_the_type_is_that_of_the_nearest_mount(folder: str, kind: str) -> None:
    assert filesystem_type(PurePosixPath(folder), MOUNTINFO) == kind


def test_a_table_that_says_nothing_gives_nothing() -> None:
    assert filesystem_type(PurePosixPath("/home"), "") is None


@pytest.mark.parametrize(
    ("kind", "network"),
    [
        ("nfs", True), ("nfs4", True), ("cifs", True), ("smb3", True), ("lustre", True),
        ("gpfs", True), ("beegfs", True), ("afs", True), ("fuse.sshfs", True), ("9p", True),
        ("ceph", True), ("fuse.glusterfs", True),
        ("ext4", False), ("xfs", False), ("btrfs", False), ("zfs", False), ("tmpfs", False),
        ("overlay", False), ("apfs", False), ("fuseblk", False), ("fuse.mergerfs", False),
    ],
)  # fmt: skip
def test_knows_what_machines_share(kind: str, network: bool) -> None:
    assert is_network(kind) == network


def test_a_local_folder_will_do_and_stays_empty(tmp_path: Path) -> None:
    check_wal(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_network_folder_is_refused_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mountinfo = tmp_path / "mountinfo"
    mountinfo.write_text("22 1 0:35 / / rw - nfs4 files:/ rw\n")
    monkeypatch.setattr(_mounts, "MOUNTINFO", mountinfo)
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
