"""A user's function, called with items."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import attrs

from taskfarm_sdk._caught import Caught, caught
from taskfarm_sdk._items.item import Item
from taskfarm_sdk.execution.function import caught_in, never_run, usable
from taskfarm_sdk.task import Task, handle_of

# An item's number and the item itself.
Call = Callable[[int, object], object]


@attrs.frozen
class ItemFunction:
    """A function and how it is called; it is stored, pickled, in the results folder.

    Attributes:
        function: the user's.
        pass_item: whether it gets an `Item` in place of the bare value.
        seed: for `Item.seed`, in place of the run's UUID; None for that.
    """

    function: Callable[[Any], object]
    pass_item: bool
    seed: int | None = None

    def __attrs_post_init__(self) -> None:
        usable(self.function, "map", "item")

    @property
    def name(self) -> str:
        """The function's qualified name, the same in each process."""
        return _name(self.function)

    def caller(self, task: Task, attempt: int) -> Call:
        """Return how the function is called with each item of an attempt at a task.

        The call returns what the function returned, and raises what it raises, or a TypeError if
        what it returned never ran.
        """
        function, item = self.function, None
        if self.pass_item:
            item = functools.partial(
                Item,
                attempt=attempt,
                run_uuid=task.run_uuid,
                run_seed=self.seed,
                stop_requested=lambda: task.stop_requested,
            )

        def call(number: int, value: object) -> object:
            returned = function(value if item is None else item(number=number, value=value))
            fault = never_run(returned)
            if fault is not None:
                raise fault
            return returned

        return call


def failure_of(error: BaseException, task: Task) -> Caught:
    """Return the description of an exception that failed an item.

    Args:
        error: the exception, of the function, or of the class of what it returned.
        task: the item's.

    Raises:
        BaseException: `error` itself, if it ends the process and is no failure.
    """
    if ends_process(error, task):
        raise error
    # Of the two frames above the user's function, `caught_in` leaves out one.
    if error.__traceback__ is not None:
        error.__traceback__ = error.__traceback__.tb_next
    try:
        return caught_in(error, travels=True)
    except BaseException as trouble:
        # Of the exception's class, which was asked how it is pickled.
        if ends_process(trouble, task):
            raise
        return caught(error, error.__traceback__)


def ends_process(error: BaseException, task: Task) -> bool:
    """Return whether an exception is a signal's, and not a function's own."""
    if isinstance(error, KeyboardInterrupt):
        return handle_of(task).interrupted
    return isinstance(error, SystemExit) and task.stop_requested


def _name(function: object) -> str:
    while isinstance(function, functools.partial):
        function = function.func  # pyright: ignore[reportUnknownMemberType,reportUnknownVariableType]
    named = function if hasattr(function, "__qualname__") else type(function)  # pyright: ignore[reportUnknownArgumentType,reportUnknownVariableType]
    return f"{getattr(named, '__module__', '?')}.{getattr(named, '__qualname__', '?')}"
