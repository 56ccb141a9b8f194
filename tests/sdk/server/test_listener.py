"""The sockets a server listens on."""

from __future__ import annotations

import errno
import os
import socket
import sys
from collections.abc import Iterator

import pytest

from taskfarm_sdk import ConfigurationError
from taskfarm_sdk.server import ReservedPort, _listener, bind, listen, port_of


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that another program already listens on."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def refused(number: int) -> type[socket.socket]:
    class Refused(socket.socket):
        def bind(self, _: object, /) -> None:
            raise OSError(number, os.strerror(number))

    return Refused


def test_a_name_with_two_addresses_listens_on_one_port() -> None:
    sockets = listen("localhost", 0)
    assert len({port_of(one) for one in sockets}) == 1
    assert {one.getsockname()[0] for one in sockets} <= {"127.0.0.1", "::1"}
    for one in sockets:
        one.close()


def test_a_taken_port_is_told_with_another_one(taken: int) -> None:
    with pytest.raises(ConfigurationError) as caught:
        listen("127.0.0.1", taken)
    assert f"another program already listens on port {taken}: choose another" in str(caught.value)
    assert f"--port {taken + 1}" in str(caught.value)


def test_macos_keeps_a_port_for_airplay(taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(ConfigurationError, match="macOS keeps 5000 for AirPlay"):
        listen("127.0.0.1", taken)


def test_on_macos_a_server_on_all_addresses_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    # There, unlike here, one may bind 127.0.0.1 beside it.
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(_listener, "_bound", lambda *_: pytest.fail("it was bound"))
    with socket.create_server(("0.0.0.0", 0)) as other:  # noqa: SIM117 - in this order
        with pytest.raises(ConfigurationError, match="another program already listens"):
            listen("127.0.0.1", other.getsockname()[1])


@pytest.mark.parametrize(
    ("number", "text"),
    [
        pytest.param(errno.EACCES, "choose one from 1024 up", id="privileged"),
        pytest.param(errno.EADDRNOTAVAIL, "not an address of this machine", id="not_ours"),
        pytest.param(errno.ENOBUFS, "cannot listen on 127.0.0.1", id="anything_else"),
    ],
)
def test_what_the_system_refuses_is_explained(
    monkeypatch: pytest.MonkeyPatch, number: int, text: str
) -> None:
    monkeypatch.setattr(socket, "socket", refused(number))
    with pytest.raises(ConfigurationError, match=text):
        listen("127.0.0.1", 80)


@pytest.mark.parametrize("host", ["nowhere.invalid", "a..b", "no\x00host"])
def test_an_unknown_host_is_told(host: str) -> None:
    with pytest.raises(ConfigurationError, match="unknown host"):
        listen(host, 0)


def test_accepted_connections_do_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_listener, "RECEIVE_TIMEOUT_S", 0.05)
    (listener,) = listen("127.0.0.1", 0)
    with listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted, pytest.raises(BlockingIOError):
            accepted.recv(1)


@pytest.mark.skipif(sys.platform != "linux", reason="the port is kept on Linux alone")
def test_a_reserved_port_refuses_between_servers() -> None:
    port = ReservedPort()
    for _ in range(2):  # a server, and the one after it
        with port.listen() as listener:
            socket.create_connection(("127.0.0.1", port.port)).close()
            assert port_of(listener) == port.port
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port.port))
        with pytest.raises(ConfigurationError, match="another program"):
            listen("127.0.0.1", port.port)
    port.close()
    for listener in listen("127.0.0.1", port.port):
        listener.close()


def test_a_port_that_is_only_bound_is_taken_and_lets_nobody_in() -> None:
    (bound,) = bind("127.0.0.1", 0)
    with bound, pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port_of(bound)), timeout=5)


def test_of_two_that_bound_a_port_the_second_to_listen_is_told() -> None:
    (first,) = bind("127.0.0.1", 0)
    with first, pytest.raises(ConfigurationError, match="another program already listens"):
        (second,) = bind("127.0.0.1", port_of(first))
        with second:
            first.listen()
            listen("127.0.0.1", port_of(second))
