"""The environment's proxies: used for what is elsewhere, kept away from this machine's servers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from taskfarm_sdk import AsyncFarm, ConfigurationError, ConnectionFailed, Farm, ServerError
from taskfarm_sdk.testing import LocalServer
from tests.support.stub_server import Reply, StubServer, stub_server


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[StubServer]:
    """A proxy that says 502 to everything, and that the environment names."""
    with stub_server(Reply(502)) as server:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, server.origin)
        yield server


def test_a_server_elsewhere_is_asked_through_the_proxy(proxy: StubServer) -> None:
    with Farm("http://farm.example/api/", token="t", give_up_after_s=0) as farm:
        with pytest.raises(ServerError) as raised:
            farm.runs()
        assert raised.value.status == 502
    assert proxy.lines == ["GET http://farm.example/api/runs HTTP/1.1"]


def test_a_proxy_that_lets_no_tls_through_is_a_server_not_reached(proxy: StubServer) -> None:
    with Farm("https://farm.example/api/", token="t", give_up_after_s=0) as farm:
        with pytest.raises(ConnectionFailed) as raised:
            farm.runs()
        assert raised.value.sent is False
    assert proxy.lines == ["CONNECT farm.example:443 HTTP/1.1"]


def test_a_host_that_no_proxy_is_for_is_asked_itself(
    proxy: StubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "elsewhere.example, nowhere.invalid")
    with (
        Farm("http://nowhere.invalid/api/", token="t", give_up_after_s=0) as farm,
        pytest.raises(ConnectionFailed),
    ):
        farm.runs()
    assert proxy.lines == []


@pytest.mark.parametrize("url", ["foo://user:hidden@host", "http://host:port", "socks5://host:1"])
def test_a_proxy_that_cannot_be_used_is_told_of(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", url)
    with (
        Farm("https://farm.example/api/", token="t") as farm,
        pytest.raises(ConfigurationError, match="names a proxy that cannot be used") as raised,
    ):
        farm.runs()
    assert "hidden" not in str(raised.value)


@pytest.mark.live
def test_a_server_on_this_machine_is_asked_itself(
    proxy: StubServer, taskfarm_server: LocalServer
) -> None:
    with taskfarm_server.farm() as farm:
        farm.runs()

    async def ask() -> None:
        async with AsyncFarm(farm.url, token=farm._link.session.token) as again:
            await again.runs()

    asyncio.run(ask())
    assert proxy.lines == []
