"""The sockets on which the page listens: one for each address of its host."""

from __future__ import annotations

import errno
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress

from taskfarm_cli.common.exit_status import CommandError, UsageError

# Browsers take this name for both, whatever the machine's table of hosts says.
_LOCALHOST = "localhost"
_LOOPBACK = ("127.0.0.1", "::1")
# A port that is free at one address may be in use at another.
_TRIES = 50
# The machine has no such address, or no such kind of addresses.
_IS_ABSENT = {
    getattr(errno, name)
    for name in ("EADDRNOTAVAIL", "EAFNOSUPPORT", "EPROTONOSUPPORT")
    if hasattr(errno, name)
}


def bind(host: str, port: int) -> Sequence[socket.socket]:
    """Return sockets that are bound to the same port and do not listen yet.

    There is one for each address of the host that this machine has; of localhost these are
    127.0.0.1 and ::1.

    Args:
        host: a name or address of this machine.
        port: the port, 0 for a free one.

    Raises:
        UsageError: this machine has no such address.
        CommandError: the port cannot be used.
    """
    addresses = addresses_of(host)
    for tries_left in reversed(range(_TRIES if port == 0 else 1)):
        try:
            return bind_all(addresses, port)
        except OSError as error:
            if tries_left and error.errno == errno.EADDRINUSE:
                continue
            raise CommandError(
                f"cannot listen on {host}, port {port}: {error.strerror or error}; --port 0 "
                "chooses a free port, and --host must be an address of this machine"
            ) from error
    raise AssertionError("the last try returns or raises")


def addresses_of(host: str) -> Sequence[str]:
    """Return the addresses of a host, each once.

    Raises:
        UsageError: it has none.
    """
    if host.lower() == _LOCALHOST:
        return _LOOPBACK
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise UsageError(f"--host {host!r} is not a name or address of a machine") from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def bind_all(addresses: Sequence[str], port: int) -> Sequence[socket.socket]:
    """Bind a socket to each address, all to the same port; leave out what the machine lacks.

    Args:
        addresses: the addresses.
        port: the port, 0 for one that is free at the first of them.

    Raises:
        OSError: the port is in use at one of them, or the machine has none of them. No socket is
            left open.
    """
    made: list[socket.socket] = []
    absent: OSError | None = None
    for address in addresses:
        try:
            made.append(_bound(address, port))
        except OSError as error:
            if error.errno in _IS_ABSENT:
                absent = error
                continue
            for one in made:
                one.close()
            raise
        port = made[0].getsockname()[1]
    if not made and absent is not None:
        raise absent
    return made


def address_of(host: str, made: socket.socket) -> str:
    """Return the beginning of the address that reaches a socket from this machine."""
    port: int = made.getsockname()[1]
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - what was asked for
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def _bound(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":
            # On Windows it would let another program take the port.
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _keep_to_its_family(made, address)
        made.bind((address, port))
    except OSError:
        made.close()
        raise
    return made


def _keep_to_its_family(made: socket.socket, address: str) -> None:
    """Have ::1 be that alone; `::` stands for all addresses of both kinds, as the system says."""
    if made.family == socket.AF_INET6 and address != "::":
        with suppress(OSError):
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
