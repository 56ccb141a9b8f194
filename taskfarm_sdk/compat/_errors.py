"""Translate the SDK's errors into those that callers of taskfarm-worker catch."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from taskfarm_sdk.errors import ConnectionFailed, ServerError, TaskfarmError


# OSError first: what rebuilds an error in another process, as Dask does, calls its __new__ alone.
class ServerAway(OSError, RuntimeError):
    """The server could not be reached, or had an internal error.

    taskfarm-worker lets the errors of requests through here, which are OSErrors, or raises a
    RuntimeError, by the kind of request: this is both, so whatever a program catches, it does.
    """


@contextmanager
def as_theirs() -> Generator[None]:
    """Raise RuntimeError in place of an error of the SDK, which stays its cause."""
    try:
        yield
    except TaskfarmError as error:
        text = str(error) if error.status is None else f"[HTTP {error.status}]: {error}"
        if isinstance(error, (ConnectionFailed, ServerError)):
            raise ServerAway(text) from error
        raise RuntimeError(text) from error
