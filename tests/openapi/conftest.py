"""The real server's operations, for the tests of what it answers."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from taskfarm_sdk.testing import LocalServer
from tests.support.openapi.api import Api
from tests.support.postgresql_fixtures import database, postgres  # noqa: F401
from tests.support.processes import NET_S


@pytest.fixture(scope="package")
def api(taskfarm_server: LocalServer) -> Iterator[Api]:
    """Each reply is held against the contract on its way."""
    with httpx.Client(base_url=taskfarm_server.url, timeout=NET_S) as client:
        yield Api.of(client, taskfarm_server.user, taskfarm_server.password)
