"""The environment's proxies: used for what is elsewhere, kept away from this machine's servers."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Iterator

import pytest

from taskfarm_sdk import AsyncFarm, ConfigurationError, ConnectionFailed, Farm, ServerError
from taskfarm_sdk._transport.proxies import proxy_for
from taskfarm_sdk.hidden import Hidden, hide
from taskfarm_sdk.testing import LocalServer
from tests.support.locals_shown import lines_that_show, shown_with_locals
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


UNUSABLE = [
    "foo://user:hidden@host",
    "http://host:port",
    "http://user:hidden/more@host:1",
    "http://user:hid#den@host:1",
    "http://[::1",
]


@pytest.mark.parametrize("url", UNUSABLE)
def test_a_proxy_that_cannot_be_used_is_told_of_without_its_password(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", url)
    with (
        Farm("https://farm.example/api/", token="t") as farm,
        pytest.raises(ConfigurationError, match="names a proxy that cannot be used") as raised,
    ):
        farm.runs()
    said = "".join(traceback.format_exception(raised.value))
    assert "hid" not in said
    assert "den" not in said


def test_a_socks_proxy_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://host:1")
    with (
        Farm("https://farm.example/api/", token="t") as farm,
        pytest.raises(ConfigurationError, match=r"SOCKS.*httpx\[socks\]"),
    ):
        farm.runs()


P = "http://proxy:1"
FARM = "http://farm.example.org/api/"
DECISIONS = [
    # The server, what the environment says by scheme, and the proxy.
    (FARM, {"http": P}, P),
    (FARM, {"https": P}, None),
    (FARM, {"all": P}, P),
    (FARM, {"http": "", "all": P}, P),
    (FARM, {"http": "proxy:1"}, P),
    (FARM, {"http": f" {P} "}, P),
    (FARM.replace("http", "https"), {"http": "http://other:1", "https": P}, P),
    *[
        (FARM, {"http": P, "no": no}, None)
        for no in (
            "*",
            "farm.example.org",
            "FARM.Example.org",
            "example.org",
            ".example.org",
            "*.example.org",
            ".farm.example.org",
            "*.farm.example.org",
            "farm.example.org.",
            "farm.example.org:80",
            "http://farm.example.org",
            "elsewhere.org, farm.example.org",
            "elsewhere.org farm.example.org",
            "elsewhere.org,,\tfarm.example.org ,",
            "10.0.0.0/8,::1/128,[::1],what/ever,example.org",
        )
    ],
    *[
        (FARM, {"http": P, "no": no}, P)
        for no in (
            "",
            ",",
            "arm.example.org",
            "farm.example.com",
            "a.farm.example.org",
            "farm.example.org:8080",
            "https://elsewhere.org",
            "10.0.0.0/8",
            ".",
            "*.",
        )
    ],
    *[
        (f"http://{host}/api/", {"http": P, "no": no}, proxy)
        for host, no, proxy in (
            ("10.1.2.3", "10.0.0.0/8", None),
            ("10.1.2.3", "10.1.2.3", None),
            ("10.1.2.3", "10.1.2.3:80", None),
            ("10.1.2.3:5000", "10.1.2.3:5000", None),
            ("10.1.2.3:5000", "10.1.2.3:80", P),
            ("11.1.2.3", "10.0.0.0/8", P),
            ("10.1.2.3", "2.3", P),
            ("[2001:db8::5]", "2001:db8::/32", None),
            ("[2001:db8::5]", "[2001:db8::5]", None),
            ("[2001:db8::5]:81", "[2001:db8::5]:81", None),
            ("[2001:db8::5]:81", "[2001:db8::5]:80", P),
            ("[2001:db9::5]", "2001:db8::/32", P),
        )
    ],
    *[
        (f"http://{host}:5000/api/", {"http": P, "all": "socks5://x:1", "no": no}, None)
        for host in ("localhost", "127.0.0.1", "127.1.2.3", "[::1]", "a.localhost")
        for no in ("", "localhost,127.0.0.0/8,::1/128")
    ],
]


@pytest.mark.parametrize(("url", "environment", "proxy"), DECISIONS)
def test_the_proxy_of_a_server_follows_from_what_the_environment_says(
    url: str, environment: dict[str, str], proxy: str | None
) -> None:
    assert proxy_for(url, Hidden(environment)) == hide(proxy)


@pytest.mark.live
@pytest.mark.parametrize("no_proxy", ["localhost,127.0.0.0/8,::1/128", "[::1", "*.*"])
def test_a_server_on_this_machine_is_reached_whatever_the_environment_says(
    taskfarm_server: LocalServer, monkeypatch: pytest.MonkeyPatch, no_proxy: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://proxy.invalid:1")
    monkeypatch.setenv("HTTP_PROXY", "http://user:pass/word@proxy.invalid:1")
    monkeypatch.setenv("NO_PROXY", no_proxy)
    with taskfarm_server.farm() as farm:
        farm.runs()


@pytest.mark.live
def test_a_server_on_this_machine_is_asked_itself(
    proxy: StubServer, taskfarm_server: LocalServer
) -> None:
    with taskfarm_server.farm() as farm:
        farm.runs()

    token = farm._link.session.shared.token
    assert token is not None

    async def ask() -> None:
        async with AsyncFarm(farm.url, token=token.reveal()) as again:
            await again.runs()

    asyncio.run(ask())
    assert proxy.lines == []


ODD = [
    "hid/den",
    "hid:den",
    "hid@den",
    "hid#den",
    "hid?den",
    "hid%2Fden",
    "12/hid@den",
    "hid den",
    "hid[den",
    "hid%zzden",
    "hidä",
    "12/hidden",
    "1/2@hidden",
]


@pytest.mark.parametrize("password", ODD)
@pytest.mark.parametrize("scheme", ["http://", "https://", "", "socks5://", "foo://"])
@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_no_piece_of_a_proxys_password_is_told(
    monkeypatch: pytest.MonkeyPatch, name: str, scheme: str, password: str
) -> None:
    monkeypatch.setenv(name, f"{scheme}user:{password}@127.0.0.1:1")
    with (
        Farm("https://farm.invalid/api/", token="t", give_up_after_s=0) as farm,
        pytest.raises((ConfigurationError, ConnectionFailed)) as raised,
    ):
        farm.runs()
    said = shown_with_locals(raised.value)
    assert lines_that_show(said, ["hid", "den"]) == []


@pytest.mark.parametrize("password", ["12/hid@den", "1/2", "1?2", "1#2"])
def test_a_password_with_a_slash_does_not_make_the_user_a_proxy(
    monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://localhost:{password}@127.0.0.1:1")
    with (
        Farm("https://farm.invalid/api/", token="t", give_up_after_s=0) as farm,
        pytest.raises(ConfigurationError, match="names a proxy that cannot be used"),
    ):
        farm.runs()
