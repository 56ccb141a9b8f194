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
from tests.support.openapi.api import Api
from tests.support.openapi.known_differences import BOTH, KNOWN, POSTGRESQL, SQLITE, Known, on
from tests.support.postgresql import PostgreSQL

pytestmark = pytest.mark.long


@contextmanager
def served(kind: str, request: pytest.FixtureRequest) -> Iterator[LocalServer]:
    """A server of its own, for its runs and workers are many and odd."""
    if kind == SQLITE:
        with LocalServer() as server:
            yield server
        return
    postgres: PostgreSQL = request.getfixturevalue("postgres")
    name = request.getfixturevalue("database")
    with LocalServer(database_url=postgres.url(name)) as server:
        yield server


@pytest.mark.live
@pytest.mark.engine
@pytest.mark.parametrize("kind", BOTH)
def test_random_requests_show_what_is_known_and_nothing_else(
    kind: str, request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> None:
    if not random_requests.is_there():
        is_missing("schemathesis", "`make contract-tools` installs it")
    with served(kind, request) as server:
        found = random_requests.differences(server)
        with random_requests.api_of(server) as api:
            gone = [str(one.difference) for one in KNOWN if _is_gone(one, kind, api)]
    record_property(COUNTED, ("random requests", found.sent))
    # Operations without a parameter or a body have but a few requests.
    assert found.sent > 300
    new = {str(one): found.shown[one] for one in found.shown.keys() - on(kind)}
    assert new == {}
    assert gone == []


def _is_gone(known: Known, kind: str, api: Api) -> bool:
    return kind in known.databases and not known.still_shows(api)


def test_each_known_difference_is_listed_once_with_a_reason() -> None:
    listed = [known.difference for known in KNOWN]
    assert len(listed) == len(set(listed))
    assert all(known.reason and known.databases for known in KNOWN)
    assert {database for known in KNOWN for database in known.databases} <= {SQLITE, POSTGRESQL}
