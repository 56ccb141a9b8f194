"""The errors of items that have no value."""

from __future__ import annotations

from contextlib import suppress

from taskfarm_sdk import _pickles
from taskfarm_sdk._caught import Caught, describe, with_lines
from taskfarm_sdk.errors import FunctionFailed, TaskfarmError


def missing(number: int) -> TaskfarmError:
    """Return the error of an item that was not computed."""
    return TaskfarmError(f"item {number} has no result: it was not computed so far")


def damaged(number: int) -> TaskfarmError:
    """Return the error of an item whose record was changed after it was found."""
    return TaskfarmError(
        f"the result of item {number} is damaged: its file was changed while it was read. Go on "
        "with the work, which computes the item again"
    )


def unreadable(number: int, error: BaseException, written_by: str, here: str) -> TaskfarmError:
    """Return the error of an item whose value cannot be unpickled.

    Args:
        number: the item's.
        error: what unpickling raised.
        written_by: the version of Python that the work was begun with.
        here: the version of this Python.
    """
    if isinstance(error, ModuleNotFoundError) and error.name:
        advice = f"make the module {error.name} importable here"
    elif written_by != here:
        advice = f"it was written by Python {written_by}, and this is {here}: use that one"
    else:
        advice = "use the modules that it was computed with"
    made = TaskfarmError(
        f"the result of item {number} cannot be read here ({describe(error)}): {advice}",
        detail=describe(error),
    )
    made.__cause__ = error
    return made


def raised(number: int, caught: Caught) -> BaseException:
    """Return the exception that failed an item, or what stands for it, with its traceback."""
    error = None if caught.packed is None else _pickles.unpack(caught.packed)
    traceback = with_lines(caught.traceback)
    if error is None:
        text = ": ".join(part for part in (caught.type, caught.text) if part)
        error = FunctionFailed(text, type_name=caught.type, traceback=traceback)
    # Tracebacks do not travel; Python shows a note below the exception.
    with suppress(Exception):
        error.add_note(f"It was raised for item {number}:\n{traceback}")
    return error
