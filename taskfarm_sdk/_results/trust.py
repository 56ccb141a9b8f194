"""Decide whether what is in a results folder may be unpickled.

To unpickle is to run code that the bytes name, so whoever can write a file of the folder can run
code as its reader. Only what this user alone can write is read.
"""

from __future__ import annotations

import os
import shlex
import stat
from pathlib import Path

from taskfarm_sdk._processes.mounts import type_here
from taskfarm_sdk.errors import ConfigurationError

# These show every file as owned by one user, or with one mode, whatever is set.
_HIDE_OWNERS = frozenset((
    "9p", "cifs", "davfs", "davfs2", "drvfs", "exfat", "fuseblk", "gcsfuse", "goofys", "msdos",
    "ntfs", "ntfs3", "prl_fs", "rclone", "s3fs", "smb2", "smb3", "smbfs", "vboxsf", "vfat",
    "vmhgfs", "vmhgfs-fuse",
))  # fmt: skip
_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def refuse_system() -> None:
    """Refuse a system that cannot show who may write a file.

    Raises:
        ConfigurationError: this is one.
    """
    if not supports_owners():
        raise ConfigurationError(
            "results folders need Linux or another POSIX system: Windows does not show whether "
            "other users can write a file, and reading results runs code that is stored in them"
        )


def supports_owners() -> bool:
    """Return whether this system shows who may write a file, and opens files by their folder's."""
    return os.name == "posix" and os.open in os.supports_dir_fd


def refuse_folder(path: Path, status: os.stat_result) -> None:
    """Refuse a folder that is not this user's own, or that others can write to.

    Raises:
        ConfigurationError: it is one; the message contains the command that corrects it.
    """
    _refuse(path, status, "700")


def refuse_file(path: Path, status: os.stat_result) -> None:
    """Refuse a file that is not regular, not this user's own, or that others can write.

    Raises:
        ConfigurationError: it is one; the message contains the command that corrects it.
    """
    if not stat.S_ISREG(status.st_mode):
        raise ConfigurationError(
            f"'{path}' is {_kind(status.st_mode)}, not a file that this package wrote: find out "
            f"who made it, and remove it (rm {shlex.quote(str(path))})"
        )
    _refuse(path, status, "600")


def refuse_hidden_owners(path: Path, status: os.stat_result) -> None:
    """Refuse a file system on which what was just created seems to be others', or open to them.

    Raises:
        ConfigurationError: it is one.
    """
    if status.st_uid != os.geteuid() or status.st_mode & _OTHERS:
        raise _hidden(path, type_here(path.parent))


def _refuse(path: Path, status: os.stat_result, mode: str) -> None:
    own = status.st_uid == os.geteuid()
    if own and not status.st_mode & _OTHERS:
        return
    kind = type_here(path.parent)
    if kind is not None and kind.removeprefix("fuse.") in _HIDE_OWNERS:
        raise _hidden(path, kind)
    quoted = shlex.quote(str(path))
    if own:
        raise ConfigurationError(
            f"other users can write to '{path}', and reading results runs code that is stored in "
            f"them: if you trust all who could write there, chmod {mode} {quoted}"
        )
    raise ConfigurationError(
        f"'{path}' belongs to {_user(status.st_uid)}, not to {_user(os.geteuid())}, and reading "
        f"results runs code that is stored in them: work as its owner, or, if you trust what is in "
        f"it, make a copy of your own (cp -r FOLDER COPY && chmod -R go-w COPY)"
    )


def _hidden(path: Path, kind: str | None) -> ConfigurationError:
    on = "" if kind is None else f" ({kind})"
    return ConfigurationError(
        f"'{path}' is on a file system{on} that does not show owner and mode of a file as they "
        "were set, so nobody can tell who may write results there, and reading results runs code "
        "that is stored in them: choose a folder on another file system"
    )


def _kind(mode: int) -> str:
    kinds = {
        stat.S_IFLNK: "a symbolic link",
        stat.S_IFDIR: "a folder",
        stat.S_IFIFO: "a named pipe",
        stat.S_IFSOCK: "a socket",
    }
    return kinds.get(stat.S_IFMT(mode), "a device")


def _user(uid: int) -> str:
    import pwd

    try:
        return f"user {pwd.getpwuid(uid).pw_name}"
    except KeyError:
        return f"user {uid}"
