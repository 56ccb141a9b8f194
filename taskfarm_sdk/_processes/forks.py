"""Renew objects that a forked child must not share, and close those that it must not keep."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Protocol, TypeVar
from weakref import WeakKeyDictionary

import attrs

T = TypeVar("T")


class _Renewable(Protocol):
    def after_fork(self) -> None: ...


class _Closable(Protocol):
    def close(self) -> object: ...


def _nothing(_: object) -> None:
    pass


# Functions of the thing, not its bound methods, which would keep it alive.
@attrs.frozen
class _AtFork:
    before: Callable[[Any], object]
    in_parent: Callable[[Any], object]
    in_child: Callable[[Any], object]


_at_fork: WeakKeyDictionary[object, _AtFork] = WeakKeyDictionary()


def at_forks(
    thing: T,
    *,
    before: Callable[[T], object] = _nothing,
    in_parent: Callable[[T], object] = _nothing,
    in_child: Callable[[T], object],
) -> None:
    """Call these with a thing at every fork of this process, while the thing lives.

    Args:
        thing: what they are called with.
        before: called before the fork.
        in_parent: called after it in this process.
        in_child: called after it in the child.
    """
    _at_fork[thing] = _AtFork(before, in_parent, in_child)


def forget(thing: object) -> None:
    """Do nothing more with a thing at a fork."""
    _at_fork.pop(thing, None)


def renew_in_children(thing: _Renewable) -> None:
    """Call `after_fork` of this in every child that this process forks, while it lives."""
    at_forks(thing, in_child=lambda renewable: renewable.after_fork())


def close_in_children(*things: _Closable) -> None:
    """Close these in every child that this process forks from now on, while they live.

    A child that is forked (not started anew) gets a copy of every descriptor: of the pipe whose
    end tells the server that its parent is gone, of the one whose end tells that the server is
    gone, of a socket that listens. With a copy held by a bystander, none of these would ever end.
    """
    for thing in things:
        at_forks(thing, in_child=_close)


def _close(thing: _Closable) -> None:
    with suppress(OSError):
        thing.close()
    forget(thing)


def _act(when: Callable[[_AtFork], Callable[[Any], object]]) -> None:
    # `keyrefs` copies in one step; other threads may add things meanwhile.
    for reference in _at_fork.keyrefs():
        thing = reference()
        if thing is not None and (acts := _at_fork.get(thing)) is not None:
            when(acts)(thing)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=partial(_act, lambda acts: acts.before),
        after_in_parent=partial(_act, lambda acts: acts.in_parent),
        after_in_child=partial(_act, lambda acts: acts.in_child),
    )
