"""The socket on which the page listens."""

from __future__ import annotations

import socket
import sys

from taskfarm_cli.common.exit_status import CommandError, UsageError


def bind(host: str, port: int) -> socket.socket:
    """Return a socket that is bound and does not listen yet.

    Args:
        host: a name or address of this machine.
        port: the port, 0 for a free one.

    Raises:
        UsageError: this machine has no such address.
        CommandError: the port cannot be used.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise UsageError(f"--host {host!r} is not a name or address of a machine") from error
    family, kind, protocol, _, address = found[0]
    made = socket.socket(family, kind, protocol)
    try:
        if sys.platform != "win32":
            # On Windows it would let another program take the port.
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
    except OSError as error:
        made.close()
        raise CommandError(
            f"cannot listen on {host}, port {port}: {error.strerror or error}; --port 0 chooses a "
            "free port, and --host must be an address of this machine"
        ) from error
    return made


def address_of(host: str, made: socket.socket) -> str:
    """Return the beginning of the address that reaches a socket from this machine."""
    port: int = made.getsockname()[1]
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - what was asked for
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"
