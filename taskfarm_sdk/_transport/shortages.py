"""Connections that this machine cannot open: not the server's absence."""

from __future__ import annotations

import errno
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import cast

from taskfarm_sdk.errors import ConnectionFailed

_DESCRIPTORS = (errno.EMFILE, errno.ENFILE)
_ALL = (*_DESCRIPTORS, errno.ENOMEM, errno.ENOBUFS, errno.EADDRNOTAVAIL)


def of(error: BaseException) -> OSError | None:
    """Return what this machine was short of as a request was to be sent, or None."""
    return next(
        (each for each in _behind(error) if isinstance(each, OSError) and each.errno in _ALL), None
    )


def explained(url: str, lack: OSError) -> ConnectionFailed:
    """Return the error of a request that was not sent for want of something here."""
    said = lack.strerror or type(lack).__name__
    advice = (
        "close some, or raise the limit (ulimit -n)"
        if lack.errno in _DESCRIPTORS
        else "it may have too many connections"
        if lack.errno == errno.EADDRNOTAVAIL
        else "it is short of memory"
    )
    where = "this process" if lack.errno == errno.EMFILE else "this machine"
    return ConnectionFailed(
        f"{where} cannot open a connection to {url} ({said}): {advice}",
        sent=False,
        url=url,
        detail=said,
    )


@contextmanager
def explained_for(url: str) -> Generator[None]:
    """Raise the error of a request that was not sent where this machine lacks something.

    Raises:
        ConnectionFailed: it does.
    """
    try:
        yield
    except OSError as error:
        if (lack := of(error)) is None:
            raise
        raise explained(url, lack) from error


def _behind(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and all that it came from, those of a group too."""
    left, seen = [error], set[int]()
    while left:
        each = left.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        left.extend(cause for cause in (each.__cause__, each.__context__) if cause is not None)
        if isinstance(each, BaseExceptionGroup):
            group = cast("BaseExceptionGroup[BaseException]", each)
            left.extend(group.exceptions)
