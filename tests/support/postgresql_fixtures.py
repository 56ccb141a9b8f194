"""Fixtures of PostgreSQL, as Debian brings it, for the conftest of the tests that need it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

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
    name = f"farm_{secrets.token_hex(4)}"
    postgres.run(f"CREATE DATABASE {name}")
    yield name
    postgres.run(f"DROP DATABASE {name} WITH (FORCE)")
