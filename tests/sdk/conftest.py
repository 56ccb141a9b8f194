"""Fixtures of the SDK's tests: the real server behind a proxy, and farms that ask through it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from taskfarm_sdk import Farm
from taskfarm_sdk.testing import LocalServer
from tests.support.clock import FastClock
from tests.support.farms import farm_by
from tests.support.fault_proxy import FaultProxy


@pytest.fixture
def proxy(taskfarm_server: LocalServer) -> Iterator[FaultProxy]:
    with FaultProxy(taskfarm_server.url) as proxy:
        yield proxy


@pytest.fixture(scope="session")
def token(taskfarm_server: LocalServer) -> str:
    with taskfarm_server.farm() as farm:
        return farm.login()


@pytest.fixture
def clock() -> FastClock:
    return FastClock()


@pytest.fixture
def proxied_farm(proxy: FaultProxy, token: str, clock: FastClock) -> Iterator[Farm]:
    """A farm with a token, behind the proxy, whose waits take no time."""
    with farm_by(clock, proxy.url, token=token) as farm:
        yield farm


@pytest.fixture
def real_time_farm(proxy: FaultProxy, token: str) -> Iterator[Farm]:
    """A farm with a token, behind the proxy, that waits by the machine's clock."""
    with Farm(proxy.url, token=token, timeout_s=5) as farm:
        yield farm
