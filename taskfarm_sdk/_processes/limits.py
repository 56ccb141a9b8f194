"""The limit of open files: raised for many slots, and lowered again for the commands."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import attrs

if sys.platform != "win32":
    import resource


@attrs.frozen
class OpenFiles:
    """The limit of open files after `raise_open_files`.

    Attributes:
        limit: how many this process may have open now.
        before: the soft limit that it had, where that was raised; else None.
    """

    limit: int
    before: int | None


def raise_open_files(needed: int) -> OpenFiles:
    """Raise this process's soft limit of open files to the number needed, or as far as possible.

    Args:
        needed: how many files will be open at a time.
    """
    if sys.platform == "win32":
        return OpenFiles(sys.maxsize, None)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return OpenFiles(_as_number(soft), None)
    wanted = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    with suppress(OSError, ValueError):  # macOS has a limit beside the hard one
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    now = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return OpenFiles(_as_number(now), None if now == soft else soft)


def lowering(soft: int) -> Callable[[], object]:
    """Return a function that lowers the soft limit of open files, to call between fork and exec.

    It runs no Python code and imports nothing: other threads of the parent may have held any
    lock at the fork.
    """
    if sys.platform == "win32":
        raise NotImplementedError
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return partial(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))


def _as_number(limit: int) -> int:
    if sys.platform != "win32" and limit == resource.RLIM_INFINITY:
        return sys.maxsize
    return limit
