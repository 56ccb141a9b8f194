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


# Functions that take the object, because its bound methods would keep it alive.
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
    """Call functions with an object at every fork of this process, while the object exists.

    Args:
        thing: the object, the functions' argument.
        before: called before the fork.
        in_parent: called after the fork in this process.
        in_child: called after the fork in the child.
    """
    _at_fork[thing] = _AtFork(before, in_parent, in_child)


def forget(thing: object) -> None:
    """Stop calling functions with an object at forks."""
    _at_fork.pop(thing, None)


def renew_in_children(thing: _Renewable) -> None:
    """Call `after_fork` of an object in every forked child, while the object exists."""
    at_forks(thing, in_child=lambda renewable: renewable.after_fork())


def close_in_children(*things: _Closable) -> None:
    """Close objects in every child that this process forks from now on, while they exist.

    A forked child that does not exec inherits every descriptor: the pipes by which server and
    parent detect each other's end, and listening sockets. These would stay open as long as any
    child has a copy.
    """
    for thing in things:
        at_forks(thing, in_child=_close)


def _close(thing: _Closable) -> None:
    with suppress(OSError):
        thing.close()
    forget(thing)


def _act(when: Callable[[_AtFork], Callable[[Any], object]]) -> None:
    # `keyrefs` copies atomically; other threads may add objects meanwhile.
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
