"""A public call that is fuzzed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs
from hypothesis.strategies import SearchStrategy


@attrs.frozen
class Target:
    """A public call.

    Attributes:
        call: makes it.
        right: returns arguments that are right, new ones each time.
        also: what it may raise beside errors of the SDK.
        more: draws more values of an argument: odd ones of the right type.
        makes_files: whether the call makes files that it needs, before that of the SDK.
    """

    call: Callable[..., object]
    right: Callable[[], dict[str, Any]]
    also: tuple[type[Exception], ...] = ()
    more: Mapping[str, SearchStrategy[Any]] = attrs.field(factory=dict[str, SearchStrategy[Any]])
    makes_files: bool = False
