"""Messages of serveTF before it listens: database, user, warnings."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from taskfarm_sdk.server import Capacity, ServerSettings

MOST_PROCESSES = 8
THREADS = 4


def introduction(
    settings: ServerSettings, password_file: Path, host: str, capacity: Capacity | None
) -> Iterator[str]:
    """Yield the lines to print.

    Args:
        settings: what is served, and how.
        password_file: the file with the user's password.
        host: the address that the server will listen on.
        capacity: the connections needed and allowed, if known.
    """
    yield f"database: {settings.database}"
    yield f"user: {settings.user}, password: in '{password_file}'"
    if settings.database.has_password:
        yield (
            "warning: all users of this machine can see a command line: write the database's "
            "password to ~/.pgpass (mode 0600), and leave it out of --database-url"
        )
    if capacity is not None and not capacity.fits:
        yield _too_many(capacity)
    if settings.database.url is not None and (settings.processes, settings.threads) == (1, 1):
        yield _one_at_a_time()
    if not is_loopback(host):
        yield (
            "warning: passwords and tokens are sent unencrypted: put a TLS proxy between this "
            "server and the network, and let serveTF listen on 127.0.0.1 behind it"
        )


def is_loopback(host: str) -> bool:
    """Return whether only this machine can connect to a host."""
    return host in ("localhost", "::1") or host.startswith("127.")


def _too_many(capacity: Capacity) -> str:
    return (
        f"warning: under load the server needs {capacity.needed} connections to the database "
        f"(processes x threads, twice while SIGHUP replaces them); it allows {capacity.allowed}, "
        f"and others use {capacity.held} now: use fewer --processes or --threads, or raise its "
        "limits (max_connections, CONNECTION LIMIT)"
    )


def _one_at_a_time() -> str:
    processes = min(os.cpu_count() or 1, MOST_PROCESSES)
    return (
        "hint: this server answers one request at a time; a fleet needs more, which is safe on "
        f"PostgreSQL: use --processes {processes} --threads {THREADS} on this machine"
    )
