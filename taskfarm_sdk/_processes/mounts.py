"""Find the file system type of a folder, and whether several machines share it."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

MOUNTINFO = Path("/proc/self/mountinfo")

# They provide shared memory at most on one machine, and some do not really implement locks.
# fmt: off
_NETWORK = frozenset((
    "9p", "acfs", "afs", "beegfs", "ceph", "cifs", "coda", "cvmfs", "gfs", "gfs2", "glusterfs",
    "gpfs", "lustre", "mmfs", "ncpfs", "nfs", "nfs4", "ocfs2", "orangefs", "panfs", "pvfs2", "smb2",
    "smb3", "smbfs", "vboxsf", "wekafs",
    # over FUSE
    "afp", "cvmfs2", "davfs", "davfs2", "gcsfuse", "gfarm2fs", "goofys", "juicefs", "mfs",
    "moosefs", "rclone", "s3fs", "smbnetfs", "sshfs",
))
# fmt: on


def filesystem_type(folder: PurePosixPath, mountinfo: str) -> str | None:
    """Return the type of the file system that a folder is on, as Linux calls it.

    Args:
        folder: an absolute path without symbolic links.
        mountinfo: the contents of `/proc/self/mountinfo`, see proc(5).

    Returns:
        The type, such as `ext4`, `nfs4` or `fuse.sshfs`, or None if it is not listed.
    """
    best, found = -1, None
    for line in mountinfo.splitlines():
        before, separator, after = line.partition(" - ")
        fields, kinds = before.split(" "), after.split(" ")
        if not separator or len(fields) < 5:
            continue
        point = PurePosixPath(_unescaped(fields[4]))
        # A later mount on the same path hides an earlier one.
        if folder.is_relative_to(point) and len(point.parts) >= best:
            best, found = len(point.parts), kinds[0]
    return found


def is_network(kind: str) -> bool:
    """Return whether several machines share file systems of this type."""
    return kind.removeprefix("fuse.") in _NETWORK


def is_shared(folder: Path) -> bool:
    """Return whether several machines share a folder's file system, which shows changes late.

    Args:
        folder: the folder, which exists.
    """
    kind = type_here(folder)
    return kind is not None and is_network(kind)


def type_here(folder: Path) -> str | None:
    """Return the type of the file system that a folder is on; None where it cannot be found."""
    try:
        mountinfo = MOUNTINFO.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return None  # not Linux
    return filesystem_type(PurePosixPath(folder.resolve()), mountinfo)


def _unescaped(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)
