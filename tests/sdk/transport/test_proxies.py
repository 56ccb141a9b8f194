"""The environment's proxies: used for what is elsewhere, kept away from this machine's servers."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator

import pytest

from taskfarm_sdk import AsyncFarm, ConfigurationError, ConnectionFailed, Farm, ServerError
from taskfarm_sdk.testing import LocalServer


class Proxy:
    """Says 502 to everything, and keeps the first line of what it was asked."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.asked: list[str] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                request = connection.recv(65536).decode()
                self.asked.append(request.partition("\r\n")[0])
                connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    proxy = Proxy()
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy.url)
    yield proxy
    proxy.close()


def test_a_server_elsewhere_is_asked_through_the_proxy(proxy: Proxy) -> None:
    with Farm("http://farm.example/api/", token="t", give_up_after_s=0) as farm:
        with pytest.raises(ServerError) as raised:
            farm.runs()
        assert raised.value.status == 502
    assert proxy.asked == ["GET http://farm.example/api/runs HTTP/1.1"]


def test_a_proxy_that_lets_no_tls_through_is_a_server_not_reached(proxy: Proxy) -> None:
    with Farm("https://farm.example/api/", token="t", give_up_after_s=0) as farm:
        with pytest.raises(ConnectionFailed) as raised:
            farm.runs()
        assert raised.value.sent is False
    assert proxy.asked == ["CONNECT farm.example:443 HTTP/1.1"]


def test_a_host_that_no_proxy_is_for_is_asked_itself(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "elsewhere.example, nowhere.invalid")
    with (
        Farm("http://nowhere.invalid/api/", token="t", give_up_after_s=0) as farm,
        pytest.raises(ConnectionFailed),
    ):
        farm.runs()
    assert proxy.asked == []


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
    proxy: Proxy, taskfarm_server: LocalServer
) -> None:
    with taskfarm_server.farm() as farm:
        farm.runs()

    async def ask() -> None:
        async with AsyncFarm(farm.url, token=farm._link.session.shared.token) as again:
            await again.runs()

    asyncio.run(ask())
    assert proxy.asked == []
