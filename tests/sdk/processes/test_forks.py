"""What is done at a fork with the things of a process: in the parent and in the child."""

from __future__ import annotations

import gc
import os
import socket
from collections.abc import Callable

import pytest

from taskfarm_sdk._processes.forks import at_forks, close_in_children, forget, renew_in_children

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


class Thing:
    """Notes what is done with it."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def after_fork(self) -> None:
        self.done.append("renewed")

    def register(self) -> None:
        at_forks(
            self,
            before=lambda thing: thing.done.append("before"),
            in_parent=lambda thing: thing.done.append("in parent"),
            in_child=lambda thing: thing.done.append("in child"),
        )


def is_so_in_a_child(look: Callable[[], bool]) -> bool:
    """Fork, and return what a look says in the child."""
    pid = os.fork()
    if pid == 0:
        os._exit(0 if look() else 1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_each_side_of_a_fork_has_its_own_calls() -> None:
    thing = Thing()
    thing.register()
    assert is_so_in_a_child(lambda: thing.done == ["before", "in child"])
    assert thing.done == ["before", "in parent"]


def test_what_is_renewed_is_renewed_in_the_child_alone() -> None:
    thing = Thing()
    renew_in_children(thing)
    assert is_so_in_a_child(lambda: thing.done == ["renewed"])
    assert thing.done == []


def test_what_was_forgotten_is_left_alone() -> None:
    thing = Thing()
    thing.register()
    forget(thing)
    forget(thing)
    assert is_so_in_a_child(lambda: thing.done == [])
    assert thing.done == []


def test_a_thing_is_not_kept_alive() -> None:
    ended: list[str] = []

    class Ending(Thing):
        def __del__(self) -> None:
            ended.append("ended")

    thing = Ending()
    thing.register()
    del thing
    gc.collect()
    assert ended == ["ended"]


def test_a_socket_is_closed_in_the_child_alone() -> None:
    with socket.socket() as one, socket.socket() as other:
        close_in_children(one, other)
        assert is_so_in_a_child(lambda: one.fileno() == other.fileno() == -1)
        assert one.fileno() >= 0
        assert other.fileno() >= 0


def test_one_that_cannot_be_closed_does_not_keep_the_others_open() -> None:
    class Stubborn:
        def close(self) -> None:
            raise OSError("not now")

    stubborn = Stubborn()
    with socket.socket() as one:
        close_in_children(stubborn, one)
        assert is_so_in_a_child(lambda: one.fileno() == -1)
