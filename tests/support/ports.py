"""Ports for programs of others, which choose none for themselves and cannot be handed a socket."""

from __future__ import annotations

import socket
from collections.abc import Generator
from contextlib import ExitStack, contextmanager


@contextmanager
def kept_ports(count: int) -> Generator[list[int]]:
    """Keep free ports for a program that sets SO_REUSEADDR, as most servers do.

    A socket is bound to each and never listens. Beside it such a program can bind the port, again
    and again, while the kernel gives it to nobody who takes any free port or connects from one; who
    connects to it meanwhile is refused.
    """
    with ExitStack() as undo:
        ports: list[int] = []
        for _ in range(count):
            keeper = undo.enter_context(socket.socket())
            keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            keeper.bind(("127.0.0.1", 0))
            ports.append(keeper.getsockname()[1])
        yield ports
