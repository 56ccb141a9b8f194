"""Connections that this machine cannot open: told as what they are, and tried again."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import pytest

from taskfarm_sdk import AsyncFarm, ConnectionFailed, Farm
from tests.support.clock import FastClock
from tests.support.farms import farm_by
from tests.support.stub_server import Reply, document, stub_server

UUID = "0123456789abcdef0123456789abcdef"
URL = "http://127.0.0.1:9/api/"
NUMBERS = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.EADDRNOTAVAIL)
NAMES = [errno.errorcode[number] for number in NUMBERS]


def ask() -> None:
    with Farm(URL, token="t", give_up_after_s=0) as farm:
        farm.get_run(UUID)


def ask_awaiting() -> None:
    async def go() -> None:
        async with AsyncFarm(URL, token="t", give_up_after_s=0) as farm:
            await farm.get_run(UUID)

    asyncio.run(go())


def failing(number: int) -> Callable[..., object]:
    def fail(*_: object, **__: object) -> object:
        raise OSError(number, os.strerror(number))

    return fail


@pytest.fixture
def scarce(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Makes every connection fail by an error of this machine."""

    def set_number(number: int) -> None:
        monkeypatch.setattr(socket, "create_connection", failing(number))
        monkeypatch.setattr(anyio, "connect_tcp", failing(number))

    return set_number


@pytest.mark.parametrize("how", [ask, ask_awaiting], ids=["blocking", "awaiting"])
@pytest.mark.parametrize("number", NUMBERS, ids=NAMES)
def test_what_this_machine_lacks_is_not_the_servers_absence(
    scarce: Callable[[int], None], number: int, how: Callable[[], None]
) -> None:
    scarce(number)
    with pytest.raises(ConnectionFailed) as caught:
        how()
    error = caught.value
    assert (error.sent, error.hopeless) == (False, False)
    assert f"cannot open a connection to {URL} ({os.strerror(number)})" in str(error)
    assert "no taskfarm server" not in str(error)


def test_a_server_that_is_not_there_is_no_lack_of_this_machine(
    scarce: Callable[[int], None],
) -> None:
    scarce(errno.ECONNREFUSED)
    with pytest.raises(ConnectionFailed, match="no taskfarm server answers"):
        ask()


def test_a_group_of_failed_addresses_tells_what_was_lacking(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object, **__: object) -> object:
        each = [OSError(errno.EMFILE, "Too many open files") for _ in range(2)]
        raise OSError("All connection attempts failed") from ExceptionGroup("several", each)

    monkeypatch.setattr(anyio, "connect_tcp", fail)
    with pytest.raises(ConnectionFailed, match="Too many open files"):
        ask_awaiting()


@pytest.mark.parametrize("certificates", ["the environment's", "httpx's"])
def test_certificates_that_cannot_be_read_for_want_of_a_descriptor_are_not_bad(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, certificates: str
) -> None:
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    if certificates == "the environment's":
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificates"))
    monkeypatch.setattr(ssl, "create_default_context", failing(errno.EMFILE))
    with (
        Farm("https://127.0.0.1:9/api/", token="t", give_up_after_s=0) as farm,
        pytest.raises(ConnectionFailed, match="Too many open files"),
    ):
        farm.get_run(UUID)


def test_it_is_tried_again_and_never_called_an_absence(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    connect = socket.create_connection
    failures: Iterator[Callable[..., object]] = iter([failing(errno.EMFILE)] * 2)

    def connect_in_the_end(*args: object, **more: object) -> object:
        return next(failures, connect)(*args, **more)  # type: ignore[arg-type]

    def answer(_: object) -> Reply:
        return document({"data": []})

    with stub_server(answer) as server, farm_by(FastClock(), server.url, token="t") as farm:
        monkeypatch.setattr(socket, "create_connection", connect_in_the_end)
        assert list(farm.runs()) == []
    texts = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(texts) == 2
    assert texts[0].startswith("retrying: this process cannot open a connection")
    assert "is reached again after" in texts[1]
