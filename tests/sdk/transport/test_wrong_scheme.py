"""https:// to a server without TLS, http:// to one with TLS, and what else is told as it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from taskfarm_sdk import (
    AsyncFarm,
    ConfigurationError,
    ConnectionFailed,
    Farm,
    RequestRejected,
    TaskfarmError,
    logins,
)
from tests.support.stub_server import Reply, stub_server

ALERT = b"\x15\x03\x03\x00\x02\x02\x46"


def ask(url: str) -> None:
    with Farm(url, token="t", give_up_after_s=0) as farm:
        farm.runs()


def ask_awaiting(url: str) -> None:
    async def go() -> None:
        async with AsyncFarm(url, token="t", give_up_after_s=0) as farm:
            await farm.runs()

    asyncio.run(go())


BOTH = pytest.mark.parametrize("how", [ask, ask_awaiting], ids=["blocking", "awaiting"])


@BOTH
@pytest.mark.parametrize("reply", [Reply(400, b"?"), b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_https_to_an_http_server_is_told(how: Callable[[str], None], reply: Reply | bytes) -> None:
    with stub_server(reply) as server, pytest.raises(ConnectionFailed) as failed:
        how(server.url.replace("http:", "https:"))
    assert "without TLS" in str(failed.value)
    assert f"give {server.url}" in str(failed.value)
    assert failed.value.hopeless


@BOTH
def test_http_to_an_https_server_that_sends_an_alert_is_told(how: Callable[[str], None]) -> None:
    with stub_server(ALERT) as server, pytest.raises(ConnectionFailed) as failed:
        how(server.url)
    assert f"give {server.url.replace('http:', 'https:')}" in str(failed.value)


@pytest.mark.parametrize(
    "page",
    [
        b"<title>400 The plain HTTP request was sent to HTTPS port</title>",
        b"Client sent an HTTP request to an HTTPS server.\n",
        b"Reason: You're speaking plain HTTP to an SSL-enabled server port.",
    ],
    ids=["nginx", "Go", "Apache"],
)
def test_http_to_an_https_server_that_sends_a_page_is_told(page: bytes) -> None:
    with stub_server(Reply(400, page)) as server, pytest.raises(RequestRejected) as refused:
        ask(server.url)
    assert "give https://127.0.0.1:" in str(refused.value)


@BOTH
def test_a_connection_that_is_closed_unanswered_may_need_https(how: Callable[[str], None]) -> None:
    with stub_server(b"") as server, pytest.raises(ConnectionFailed, match="only https://"):
        how(server.url)


@pytest.mark.parametrize(
    "host",
    ["a..b", ".a", "a" * 64, ".".join(["a" * 60] * 5), "a*b", "256.1.1.1", "a..", "ä..b", "a%20b"],
)
def test_a_name_that_no_host_can_have_is_told(host: str) -> None:
    with pytest.raises(ConfigurationError, match=r"cannot be the name of a host|not a taskfarm's"):
        Farm(f"http://{host}/api/", token="t")


@pytest.mark.parametrize("host", ["a", "a.b.", "a_b-c.test", "127.0.0.1", "[::1]", "bücher.test"])
def test_a_name_that_a_host_can_have_is_taken(host: str) -> None:
    Farm(f"http://{host}/api/", token="t").close()


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("user", {"user": "m\udcff", "password": "p"}),
        ("password", {"user": "me", "password": "secret\udcff"}),
        ("token", {"token": "secret\udcff"}),
    ],
)
def test_a_credential_that_is_no_utf8_is_told_and_not_shown(
    name: str, given: dict[str, Any]
) -> None:
    with pytest.raises(ConfigurationError, match=f"the {name} is not UTF-8") as refused:
        Farm("http://localhost:1/api/", **given)
    assert "secret" not in str(refused.value)
    assert refused.value.__context__ is None


@pytest.mark.parametrize("name", ["TASKFARM_PASSWORD", "TASKFARM_TOKEN"])
def test_a_credential_of_the_environment_that_is_no_utf8_is_told(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("TASKFARM_USER", "me")
    monkeypatch.setenv(name, "secret\udcff")
    with pytest.raises(ConfigurationError, match=r"\(environment\) is not UTF-8"):
        Farm("http://localhost:1/api/")


@BOTH
@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", ""])
def test_a_key_log_that_cannot_be_written_is_told(
    monkeypatch: pytest.MonkeyPatch, how: Callable[[str], None], variable: str
) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", "/nowhere/keys")
    if variable:
        monkeypatch.setenv(variable, __file__)
    with pytest.raises(ConfigurationError, match="SSLKEYLOGFILE names '/nowhere/keys'"):
        how("https://localhost:1/api/")


@pytest.mark.parametrize("text", ["[" * 100_000, '{"logins": ' * 50_000, "9" * 5000])
def test_a_login_file_that_cannot_be_parsed_is_damaged(text: str) -> None:
    file = logins.login_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    file.chmod(0o600)
    with pytest.raises(TaskfarmError, match="is damaged"):
        logins.saved_logins()
