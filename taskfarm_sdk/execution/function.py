"""Pack functions for other processes, by cloudpickle: those of scripts and closures too."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Callable, Generator
from contextlib import contextmanager

from taskfarm_sdk.errors import ConfigurationError, TaskfarmError
from taskfarm_sdk.execution.pickling import Pickled, pickled
from taskfarm_sdk.task import Task

Function = Callable[[Task], None]


def packed(function: object) -> Pickled:
    """Return what travels of a function, or of what holds one.

    Raises:
        ConfigurationError: it cannot travel.
    """
    with refused():
        return pickled(function)


@contextmanager
def refused() -> Generator[None]:
    """Say of a function that cannot be pickled what to do."""
    try:
        yield
    except TaskfarmError:
        raise  # of a Farm without a token, say, whose own words are better
    except Exception as error:
        raise ConfigurationError(
            f"the function cannot be sent to other processes: {described(error)}; let it open "
            "files, connections, locks and the like itself, in place of holding on to them"
        ) from error


def unpacked(packed: bytes) -> object:
    """Return what travelled."""
    return pickle.loads(packed)  # noqa: S301 - written by our parent, for us alone


def described(error: BaseException) -> str:
    """Return an error in one line."""
    return f"{type(error).__name__}: {error}"


def explained(error: BaseException) -> str:
    """Return an error of a function that we called: in one line, and where it happened."""
    frames = None if error.__traceback__ is None else error.__traceback__.tb_next
    where = "".join(traceback.format_exception(type(error), error, frames))
    return f"{described(error)}\n{where.rstrip()}"
