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


_UNCHECKED = "the server checks no value of this field; the contract says what clients may send"
_EMPTY = (
    "an empty `info` counts as none, as its description says; it is no value that selects a field"
)
_IGNORED = "the server ignores query parameters that it does not know, which OpenAPI cannot say"


def _taken(operation: str, status: int, part: str) -> Difference:
    """Return the difference of a request that the contract does not allow, and that succeeds."""
    return Difference(operation, "AcceptedNegativeData", status, part)


KNOWN = (
    Known(_taken("create_run", 201, "numTasks: minimum"), _UNCHECKED),
    Known(_taken("create_run", 201, "numTasks: minimum or maximum"), _UNCHECKED),
    Known(
        _taken("create_run", 201, "numTasks: maximum"),
        f"{_UNCHECKED}. PostgreSQL's integers end there: a 500, as the description says",
        (SQLITE,),
    ),
    Known(_taken("update_task", 204, "percentCompleted: minimum"), _UNCHECKED),
    Known(_taken("register_worker", 201, "pid: minimum"), _UNCHECKED),
    Known(
        _taken("register_worker", 201, "pid: maximum"),
        f"{_UNCHECKED}. PostgreSQL's integers end there",
        (SQLITE,),
    ),
    Known(_taken("get_run", 200, "info: enum"), _EMPTY),
    Known(_taken("get_task", 200, "info: enum"), _EMPTY),
    Known(_taken("get_run", 200, "another name: additionalProperties"), _IGNORED),
    Known(_taken("get_task", 200, "another name: additionalProperties"), _IGNORED),
    Known(_taken("restart_run", 204, "another name: additionalProperties"), _IGNORED),
)


def on(database: str) -> frozenset[Difference]:
    """Return the known differences of a server on a database."""
    return frozenset(known.difference for known in KNOWN if database in known.databases)
