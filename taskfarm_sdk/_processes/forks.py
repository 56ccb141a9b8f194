"""Renew objects that a forked child must not share, and close those that it must not keep."""

from __future__ import annotations

import os
from contextlib import suppress
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


# A child that is forked (not started anew) gets a copy of every descriptor: of the pipe whose end
# tells the server that its parent is gone, of the one whose end tells that the server is gone, of a
# socket that listens. With a copy held by a bystander, none of these would ever end.
class _Closable(Protocol):
    def close(self) -> object: ...


_ours: WeakSet[_Closable] = WeakSet()


def close_in_children(*things: _Closable) -> None:
    """Close these in every child that this process forks from now on, while they live."""
    _ours.update(things)


def _close() -> None:
    for thing in list(_ours):
        with suppress(OSError):
            thing.close()
    _ours.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close)
