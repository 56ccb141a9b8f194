"""A user's function, called with items."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import attrs

from taskfarm_sdk._caught import Caught
from taskfarm_sdk._items.item import Item
from taskfarm_sdk.execution.function import caught_in, never_run, usable
from taskfarm_sdk.task import Task

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


def failure_of(error: BaseException, *, stop_requested: bool) -> Caught:
    """Return the description of an exception that failed an item.

    Raises:
        BaseException: `error` itself, if it ends the process and is no failure.
    """
    if isinstance(error, KeyboardInterrupt | GeneratorExit):
        raise error
    if isinstance(error, SystemExit) and stop_requested:
        raise error  # a signal's
    # Of the two frames above the user's function, `caught_in` leaves out one.
    if error.__traceback__ is not None:
        error.__traceback__ = error.__traceback__.tb_next
    return caught_in(error, travels=True)


def _name(function: object) -> str:
    while isinstance(function, functools.partial):
        function = function.func  # pyright: ignore[reportUnknownMemberType,reportUnknownVariableType]
    named = function if hasattr(function, "__qualname__") else type(function)  # pyright: ignore[reportUnknownArgumentType,reportUnknownVariableType]
    return f"{getattr(named, '__module__', '?')}.{getattr(named, '__qualname__', '?')}"
