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
    """Yield the lines.

    Args:
        settings: what is served, and how.
        password_file: where the user's password is.
        host: what will be listened on.
        capacity: how the need of connections fits the database, where that is known.
    """
    yield f"database: {settings.database}"
    yield f"user: {settings.user}, password: in '{password_file}'"
    if settings.database.has_password:
        yield (
            "warning: all users of this machine see a command line: put the database's password "
            "into ~/.pgpass (mode 0600) and leave it out of --database-url"
        )
    if capacity is not None and not capacity.fits:
        yield _too_many(capacity)
    if settings.database.url is not None and (settings.processes, settings.threads) == (1, 1):
        yield _one_at_a_time()
    if not is_loopback(host):
        yield (
            "warning: passwords and tokens travel unencrypted: let a proxy with TLS stand between "
            "this server and the network, and serveTF listen on 127.0.0.1 behind it"
        )


def is_loopback(host: str) -> bool:
    """Say whether only this machine reaches what listens there."""
    return host in ("localhost", "::1") or host.startswith("127.")


def _too_many(capacity: Capacity) -> str:
    return (
        f"warning: under load {capacity.needed} connections to the database are needed (processes "
        f"x threads, twice while SIGHUP replaces them); it allows {capacity.allowed}, and others "
        f"hold {capacity.held} now: take fewer --processes or --threads, or raise its limits "
        "(max_connections, CONNECTION LIMIT)"
    )


def _one_at_a_time() -> str:
    processes = min(os.cpu_count() or 1, MOST_PROCESSES)
    return (
        "hint: this answers one request at a time; PostgreSQL is safe with more, which a fleet "
        f"needs: --processes {processes} --threads {THREADS} on this machine"
    )
