"""Fixtures of PostgreSQL, as Debian brings it, and of a server on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from taskfarm_sdk import Farm
from taskfarm_sdk.testing import LocalServer
from tests.support.engines import is_missing, leave_out_unless_required
from tests.support.postgresql import (
    DURABLE,
    SETTINGS,
    Mortal,
    NotThere,
    PostgreSQL,
    running_postgresql,
)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgreSQL]:
    """Run a PostgreSQL of our own, empty, that nobody else can reach."""
    with _made(SETTINGS) as (running, _):
        yield running


@pytest.fixture
def mortal_postgres() -> Iterator[tuple[PostgreSQL, Mortal]]:
    """Run a PostgreSQL for one test alone, that may stop and start it."""
    with _made(DURABLE) as made:
        yield made


@contextmanager
def _made(settings: tuple[str, ...]) -> Iterator[tuple[PostgreSQL, Mortal]]:
    leave_out_unless_required("PostgreSQL")
    try:
        with running_postgresql(settings) as made:
            yield made
    except NotThere as error:
        is_missing("PostgreSQL", str(error))


@pytest.fixture
def database(postgres: PostgreSQL) -> Iterator[str]:
    """The name of a new, empty database."""
    with postgres.new_database() as name:
        yield name


@pytest.fixture
def postgres_server(postgres: PostgreSQL, database: str) -> Iterator[LocalServer]:
    """A server on it, of two processes with four threads each."""
    with LocalServer(database_url=postgres.url(database), processes=2, threads=4) as server:
        yield server


@pytest.fixture
def postgres_farm(postgres_server: LocalServer) -> Iterator[Farm]:
    """Its farm, logged in to."""
    with postgres_server.farm() as farm:
        farm.login()
        yield farm
