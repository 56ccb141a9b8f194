"""An item as a function sees it that was given to `farm.map` with `pass_item=True`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, NoReturn, TypeVar

import attrs

from taskfarm_sdk._items.seeds import item_seed
from taskfarm_sdk.errors import ConfigurationError
from taskfarm_sdk.hidden import half_made

__all__ = ["Item"]

T_co = TypeVar("T_co", covariant=True)


def _never() -> bool:
    return False


@attrs.frozen(eq=False, repr=False, kw_only=True)
class Item(Generic[T_co]):
    """An input with its number and its seed, and whether the worker is to stop.

    With `pass_item=True` a function is called with it in place of the bare input. To try such a
    function, call it with `Item(number=0, value=...)`.

    Args:
        number: the item's number, from 0, in the order in which the items were given.
        value: the input itself.
        attempt: the number of this attempt at the item, from 1.
        run_uuid: the run's UUID, from which the seed is made.
        run_seed: a number to make the seed from in place of the run's UUID, or None.
        stop_requested: returns whether the worker is to stop.

    Attributes:
        number: the item's number.
        value: the input itself.
        attempt: the number of this attempt.
    """

    number: int
    value: T_co
    attempt: int = 1
    # Named twice, because pyright does not know that attrs leaves out the underscore.
    _run_uuid: str = attrs.field(default="", alias="run_uuid")
    _run_seed: int | None = attrs.field(default=None, alias="run_seed")
    _stop_requested: Callable[[], bool] = attrs.field(default=_never, alias="stop_requested")

    @property
    def seed(self) -> int:
        """A number of 128 bits to seed random generators, the same in every attempt.

        Made from SHA-256 of the run's UUID, or of the `seed` that the run was given, and the
        item's number: `random.Random(item.seed)`, `numpy.random.default_rng(item.seed)`.
        """
        return item_seed(self._run_uuid, self.number, self._run_seed)

    @property
    def stop_requested(self) -> bool:
        """Whether the worker is to stop soon: a long function can save its own state."""
        return self._stop_requested()

    def __reduce__(self) -> NoReturn:
        raise ConfigurationError(
            "an item cannot be sent to another process: send item.value and item.seed"
        )

    @half_made
    def __repr__(self) -> str:
        return f"Item({self.number}, attempt={self.attempt}, value={self.value!r})"
