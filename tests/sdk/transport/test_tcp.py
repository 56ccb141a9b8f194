"""The kernel drops what could not be sent in time: tests/engines/test_hosts.py shows why."""

from __future__ import annotations

import asyncio
import socket

import pytest

from taskfarm_sdk import AsyncFarm, Farm
from taskfarm_sdk._transport.tcp import UNACKNOWLEDGED_MOST_S, TcpUserTimeout
from taskfarm_sdk.testing import LocalServer

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="only Linux can"),
]


@pytest.fixture
def limits_ms(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The limits of all connections made, as the kernel has them."""
    found: list[int] = []
    limit = TcpUserTimeout.limit

    def spy(self: TcpUserTimeout, connection: socket.socket | None) -> None:
        limit(self, connection)
        assert connection is not None
        found.append(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT))

    monkeypatch.setattr(TcpUserTimeout, "limit", spy)
    return found


@pytest.mark.parametrize(
    ("timeout_s", "limit_s"),
    [(30.0, UNACKNOWLEDGED_MOST_S), (2.5, 2.5)],
    ids=["patient", "impatient"],
)
def test_a_connection_holds_nothing_longer_than_a_request_is_waited_for(
    taskfarm_server: LocalServer, limits_ms: list[int], timeout_s: float, limit_s: float
) -> None:
    with taskfarm_server.farm() as logged_in:
        token = logged_in.login()
    limits_ms.clear()
    with Farm(taskfarm_server.url, token=token, timeout_s=timeout_s) as farm:
        farm.runs()
    assert limits_ms == [limit_s * 1000]


def test_an_awaited_connection_does_not_either(
    taskfarm_server: LocalServer, limits_ms: list[int]
) -> None:
    with taskfarm_server.farm() as logged_in:
        token = logged_in.login()
    limits_ms.clear()

    async def ask() -> None:
        async with AsyncFarm(taskfarm_server.url, token=token) as farm:
            await farm.runs()

    asyncio.run(ask())
    assert limits_ms == [UNACKNOWLEDGED_MOST_S * 1000]
