"""The types of the file systems that folders are on."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from taskfarm_sdk._processes.mounts import filesystem_type, is_network

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
