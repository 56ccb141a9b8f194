"""Listening sockets for a server: bound here and passed on, so that no port is guessed."""

from __future__ import annotations

import errno
import socket
import struct
import sys
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, suppress
from typing import cast

from taskfarm_sdk import _validation
from taskfarm_sdk._processes.forks import close_in_children
from taskfarm_sdk._text import shown
from taskfarm_sdk.errors import ConfigurationError
from taskfarm_sdk.server import _checked

# A request has a few hundred bytes, and a reply rarely more than one packet. gunicorn waits for
# both without a limit in a thread of its pool.
RECEIVE_TIMEOUT_S = 5
SEND_TIMEOUT_S = 20
BACKLOG = 1024
LOOPBACK = "127.0.0.1"
MOST_PORT = 65_535


def listen(host: str, port: int) -> list[socket.socket]:
    """Return sockets that listen on all addresses of a host.

    Args:
        host: a name or an address, as for `bind`.
        port: 1 to 65535, or 0 for a free one.

    Raises:
        ConfigurationError: the host is unknown, or the port is none, taken or reserved.
    """
    with ExitStack() as undo:
        sockets = bind(host, port)
        for one in sockets:
            undo.callback(one.close)
        for one in sockets:
            try:
                one.listen(BACKLOG)
            except OSError as error:
                raise _explained(host, _port(one), error) from error
        undo.pop_all()
    return sockets


def bind(host: str, port: int) -> list[socket.socket]:
    """Return sockets that are bound to a port on all addresses of a host, and do not listen yet.

    Clients are refused until the sockets listen, which `ServerProcess` makes them do when ready.

    Args:
        host: a name or an address; `localhost` may have two addresses, IPv4 and IPv6.
        port: 1 to 65535, or 0 for a free one (the same for all addresses).

    Raises:
        ConfigurationError: the host is unknown, or the port is none, taken or reserved.
    """
    _check_address(host, port)
    with ExitStack() as undo:
        sockets: list[socket.socket] = []
        for family, address in _addresses(host):
            try:
                new = _free(family, address, port)
            except OSError as error:
                if sockets and error.errno == errno.EADDRNOTAVAIL:
                    continue  # ::1 of localhost, on a machine without IPv6
                raise _explained(host, port, error) from error
            undo.callback(new.close)
            sockets.append(new)
            port = _port(new)
        undo.pop_all()
    return sockets


def port_of(listener: socket.socket) -> int:
    """Return the port that `listener` is bound to.

    Raises:
        ConfigurationError: it is no socket.
    """
    _checked.kind("listener", listener, socket.socket)
    return _port(listener)


def _port(bound: socket.socket) -> int:
    return cast("tuple[str, int]", bound.getsockname()[:2])[1]


class ReservedPort:
    """A free port on the loopback interface, reserved while servers on it start and stop.

    A socket that is bound but never listens reserves the port. So a server can start again on it,
    and without a server clients are refused. Otherwise one in 28,000 connection attempts would get
    this port as its own local port, and connect to itself.
    """

    def __init__(self) -> None:
        # Without SO_REUSEADDR, which most servers set: two that set it could both bind.
        self._keeper = _bound(socket.AF_INET, LOOPBACK, 0, options=(socket.SO_REUSEPORT,))
        self.port: int = _port(self._keeper)
        if sys.platform != "linux":
            # Only Linux is known to ignore a bound socket that does not listen.
            self._keeper.close()

    def listen(self) -> socket.socket:
        """Return a socket that listens on the port."""
        options = (socket.SO_REUSEADDR, socket.SO_REUSEPORT)
        listener = _bound(socket.AF_INET, LOOPBACK, self.port, options=options)
        listener.listen(BACKLOG)
        return listener

    def close(self) -> None:
        """Release the port."""
        self._keeper.close()


def _check_address(host: str, port: int) -> None:
    """Refuse what is no name of a host, which Python might take for all networks, or no port."""
    _validation.require_text("host", host)
    if type(port) is not int or not 0 <= port <= MOST_PORT:
        raise ConfigurationError(
            f"port must be an integer from 0 to {MOST_PORT}, 0 for a free one, not {shown(port)}"
        )


def _addresses(host: str) -> Iterable[tuple[socket.AddressFamily, str]]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, ValueError) as error:  # of no text that is a name, and of NUL in one
        raise ConfigurationError(
            f"unknown host {shown(host)} to listen on: give an address of this machine, 127.0.0.1 "
            "for this machine only or 0.0.0.0 for all networks"
        ) from error
    # A dict, because a name may list an address twice, and the order must be kept.
    return {(family, cast("str", address[0])): None for family, _, _, _, address in found}


def _free(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    if sys.platform == "darwin" and port:
        _refuse_if_answered(family, port)
    return _bound(family, address, port)


def _refuse_if_answered(family: socket.AddressFamily, port: int) -> None:
    """Refuse a port that a server on all addresses uses, which BSDs still allow to bind."""
    loopback = "::1" if family == socket.AF_INET6 else LOOPBACK
    with suppress(ConnectionRefusedError, TimeoutError):
        socket.create_connection((loopback, port), timeout=1).close()
        raise OSError(errno.EADDRINUSE, "Address already in use")


def _bound(
    family: socket.AddressFamily,
    address: str,
    port: int,
    *,
    options: Sequence[int] = (socket.SO_REUSEADDR,),
) -> socket.socket:
    new = socket.socket(family, socket.SOCK_STREAM)
    close_in_children(new)
    try:
        for option in options:
            new.setsockopt(socket.SOL_SOCKET, option, 1)
        if family == socket.AF_INET6:
            # Otherwise :: would take the port on IPv4 too, and 0.0.0.0 could not be bound.
            new.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        _set_timeouts(new)
        new.bind((address, port))
    except BaseException:
        new.close()
        raise
    return new


def _set_timeouts(listener: socket.socket) -> None:
    """Set time limits for accepted connections, which the kernel enforces."""
    for option, limit_s in (
        (socket.SO_RCVTIMEO, RECEIVE_TIMEOUT_S),
        (socket.SO_SNDTIMEO, SEND_TIMEOUT_S),
    ):
        listener.setsockopt(socket.SOL_SOCKET, option, struct.pack("@ll", *_timeval(limit_s)))


def _timeval(seconds: float) -> tuple[int, int]:
    return int(seconds), int(seconds % 1 * 1_000_000)


def _explained(host: str, port: int, error: OSError) -> ConfigurationError:
    if error.errno == errno.EADDRINUSE:
        mac = " (macOS keeps 5000 for AirPlay)" if sys.platform == "darwin" else ""
        return ConfigurationError(
            f"another program already listens on port {port}{mac}: choose another port, "
            f"--port {port + 1 if port < MOST_PORT else 5001}"
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return ConfigurationError(
            f"port {port} is reserved for system services: choose one from 1024 up, --port 5000"
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return ConfigurationError(
            f"{host} is not an address of this machine: use 127.0.0.1 for this machine only, or "
            "0.0.0.0 for all networks"
        )
    return ConfigurationError(f"cannot listen on {host} port {port}: {error.strerror}")
