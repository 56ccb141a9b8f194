"""Give a whole file its name, unless another process gives that name to another file first."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from contextlib import suppress

# How long another process may hold the token: it has nothing to do but to rename.
LOOKS = 50
LOOK_EVERY_S = 0.1


def name_first(
    file: str,
    name: str,
    *,
    dir_fd: int | None = None,
    sleep: Callable[[float], object] = time.sleep,
) -> bool:
    """Give a file a name that no file has; no process ever sees a part of it under that name.

    Args:
        file: the path of the whole file; it may be there afterwards too.
        name: the path that it gets, in the same folder.
        dir_fd: the descriptor of a folder that both are relative to.
        sleep: waits for so many seconds.

    Returns:
        Whether it has the name; False if another file has.

    Raises:
        OSError: it cannot be given a name.
    """
    try:
        os.link(file, name, src_dir_fd=dir_fd, dst_dir_fd=dir_fd, follow_symlinks=False)
    except OSError as error:
        # NFS can say that it failed when only the reply was lost; the count of names tells.
        if os.stat(file, dir_fd=dir_fd, follow_symlinks=False).st_nlink == 2:
            return True
        if isinstance(error, FileExistsError):
            return False
        return _by_token(file, name, dir_fd, sleep)
    return True


def _by_token(file: str, name: str, dir_fd: int | None, sleep: Callable[[float], object]) -> bool:
    """Do so without hard links: who has created another file, the token, may rename this one."""
    token = os.path.join(os.path.dirname(name), f".{os.path.basename(name)}.token")  # noqa: PTH118, PTH119, PTH120 - of a descriptor
    for _ in range(LOOKS):
        with suppress(FileExistsError):
            os.close(os.open(token, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=dir_fd))
            try:
                return _renamed(file, name, dir_fd)
            finally:
                os.unlink(token, dir_fd=dir_fd)
        if _is_there(name, dir_fd):
            return False
        sleep(LOOK_EVERY_S)
    raise OSError(errno.EEXIST, f"a process that was killed left '{token}' there, remove it")


def _renamed(file: str, name: str, dir_fd: int | None) -> bool:
    if _is_there(name, dir_fd):
        return False
    os.replace(file, name, src_dir_fd=dir_fd, dst_dir_fd=dir_fd)
    return True


def _is_there(name: str, dir_fd: int | None) -> bool:
    with suppress(FileNotFoundError):
        os.stat(name, dir_fd=dir_fd, follow_symlinks=False)
        return True
    return False
