"""Random requests to the real server show the differences from the contract that are known.

A new one, and a known one that no longer shows, is a failure. `make contract` runs this alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from taskfarm_sdk.testing import LocalServer
from tests.support.counted import COUNTED
from tests.support.engines import is_missing
from tests.support.openapi import random_requests
from tests.support.openapi.known_differences import BOTH, KNOWN, POSTGRESQL, SQLITE, on
from tests.support.postgresql import PostgreSQL


@contextmanager
def served(database: str, request: pytest.FixtureRequest) -> Iterator[LocalServer]:
    """A server of its own, for its runs and workers are many and odd."""
    if database == SQLITE:
        with LocalServer() as server:
            yield server
        return
    postgres: PostgreSQL = request.getfixturevalue("postgres")
    name = request.getfixturevalue("database")
    with LocalServer(database_url=postgres.url(name)) as server:
        yield server


@pytest.mark.live
@pytest.mark.engine
@pytest.mark.parametrize("database", BOTH)
def test_random_requests_show_what_is_known_and_nothing_else(
    database: str, request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> None:
    if not random_requests.is_there():
        is_missing("schemathesis", "`make contract-tools` installs it")
    with served(database, request) as server:
        found = random_requests.differences(server)
    record_property(COUNTED, ("random requests", found.sent))
    new = {
        str(difference): found.shown[difference] for difference in found.shown.keys() - on(database)
    }
    assert new == {}
    gone = sorted(map(str, on(database) - found.shown.keys()))
    assert gone == []


def test_each_known_difference_is_listed_once_with_a_reason() -> None:
    listed = [known.difference for known in KNOWN]
    assert len(listed) == len(set(listed))
    assert all(known.reason and known.databases for known in KNOWN)
    assert {database for known in KNOWN for database in known.databases} <= {SQLITE, POSTGRESQL}
