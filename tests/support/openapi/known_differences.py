"""Differences between contract and server that random requests show, with the reasons."""

from __future__ import annotations

import attrs

from tests.support.openapi.random_requests import Difference

SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"
BOTH = (SQLITE, POSTGRESQL)


@attrs.frozen
class Known:
    """A difference that stays.

    Attributes:
        difference: what differs.
        reason: why the contract does not say it.
        databases: on which of them the server shows it.
    """

    difference: Difference
    reason: str
    databases: tuple[str, ...] = BOTH


KNOWN: tuple[Known, ...] = ()


def on(database: str) -> frozenset[Difference]:
    """Return the known differences of a server on a database."""
    return frozenset(known.difference for known in KNOWN if database in known.databases)
