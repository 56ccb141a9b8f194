"""What a forked child starts afresh with: locks of its own, connections of its own."""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet


class _Renewable(Protocol):
    def after_fork(self) -> None: ...


_renewed: WeakSet[_Renewable] = WeakSet()


def renew_in_children(thing: _Renewable) -> None:
    """Call `after_fork` of this in every child that this process forks, while it lives."""
    _renewed.add(thing)


def _renew() -> None:
    for thing in list(_renewed):
        thing.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)
