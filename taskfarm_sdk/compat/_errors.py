"""Translate the SDK's errors into those that callers of taskfarm-worker catch."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from taskfarm_sdk.errors import ConnectionFailed, ServerError, TaskfarmError


# OSError first: Dask rebuilds an error in another process with __new__ alone.
class ServerAway(OSError, RuntimeError):
    """The server could not be reached, or had an internal error.

    Depending on the request, taskfarm-worker raises an error of requests, which is an OSError, or a
    RuntimeError. This is both, so that programs catch it either way.
    """


@contextmanager
def as_theirs() -> Generator[None]:
    """Raise a RuntimeError instead of an error of the SDK, which becomes its cause."""
    try:
        yield
    except TaskfarmError as error:
        text = str(error) if error.status is None else f"[HTTP {error.status}]: {error}"
        if isinstance(error, (ConnectionFailed, ServerError)):
            raise ServerAway(text) from error
        raise RuntimeError(text) from error
