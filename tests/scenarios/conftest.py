"""The servers that scenarios are played on: the embedded one, and one on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from taskfarm_sdk.testing import LocalServer
from tests.support.postgresql import PostgreSQL

# Fixtures, of PostgreSQL.
from tests.support.postgresql_fixtures import database, mortal_postgres, postgres  # noqa: F401


@pytest.fixture(
    params=[
        "embedded",
        pytest.param("postgresql", marks=[pytest.mark.postgres, pytest.mark.engine]),
    ]
)
def kind(request: pytest.FixtureRequest) -> str:
    """What server a scenario is played on."""
    return str(request.param)


@pytest.fixture
def server(kind: str, request: pytest.FixtureRequest) -> Iterator[LocalServer]:
    """A server of the test's own; on PostgreSQL it serves many requests at once."""
    if kind == "embedded":
        with LocalServer() as made:
            yield made
    else:
        postgres: PostgreSQL = request.getfixturevalue("postgres")
        url = postgres.url(request.getfixturevalue("database"))
        with LocalServer(database_url=url, processes=2, threads=4) as made:
            yield made
