"""Fixtures of the tests on engines."""

from __future__ import annotations

from tests.support.postgresql_fixtures import (  # noqa: F401
    database,
    mortal_postgres,
    postgres,
    postgres_farm,
    postgres_server,
)
