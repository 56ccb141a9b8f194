"""Find the file system type of a folder, and whether SQLite's WAL works there."""

from __future__ import annotations

import re
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path, PurePosixPath

from taskfarm_sdk.errors import ConfigurationError

MOUNTINFO = Path("/proc/self/mountinfo")

# WAL needs shared memory, which these file systems provide at most on one machine, and locks, which
# some of them do not really implement.
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
_WAY_OUT = (
    "choose a folder on a local disk (--data DIR, such as below /var/tmp), or use PostgreSQL "
    "(--database-url URL)"
)


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


def check_wal(folder: Path) -> None:
    """Check that SQLite can use WAL mode in a folder.

    Raises:
        ConfigurationError: it cannot; the message says why and what to do instead.
    """
    kind = _type_here(folder)
    if kind is not None and is_network(kind):
        raise ConfigurationError(
            f"'{folder}' is on a network file system ({kind}), where SQLite loses data: {_WAY_OUT}"
        )
    # Containers and unusual mounts hide the type, so test it as well.
    try:
        with tempfile.TemporaryDirectory(prefix=".wal-", dir=folder) as trial:
            mode = _try_wal(Path(trial) / "trial.db")
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            raise ConfigurationError(
                f"no space is left in '{folder}': free some, or choose another folder (--data DIR)"
            ) from error
        raise ConfigurationError(
            f"SQLite cannot work in '{folder}' ({error}): {_WAY_OUT}"
        ) from error
    if mode != "wal":
        raise ConfigurationError(
            f"SQLite's WAL does not work in '{folder}' (the mode stays {mode!r}): {_WAY_OUT}"
        )


def _type_here(folder: Path) -> str | None:
    try:
        mountinfo = MOUNTINFO.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return None  # not Linux
    return filesystem_type(PurePosixPath(folder.resolve()), mountinfo)


def _try_wal(path: Path) -> str:
    """Return the journal mode that a new database takes; two connections write to it in turn."""
    with closing(sqlite3.connect(path, timeout=5)) as first:
        mode = str(first.execute("PRAGMA journal_mode=WAL").fetchone()[0])
        with first:
            first.execute("CREATE TABLE trial (number INTEGER)")
        with closing(sqlite3.connect(path, timeout=5)) as second, second:
            second.execute("INSERT INTO trial VALUES (1)")
        with first:
            first.execute("INSERT INTO trial SELECT number + 1 FROM trial")
    return mode


def _unescaped(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)
