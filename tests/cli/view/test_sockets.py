"""Where the page listens: each address of its host that the machine has, on one port."""

from __future__ import annotations

import errno
import socket
from collections.abc import Sequence
from contextlib import ExitStack

import pytest

from taskfarm_cli.common.exit_status import CommandError
from taskfarm_cli.view import sockets as module
from taskfarm_cli.view.sockets import address_of, addresses_of, bind, bind_all
from tests.support.addresses import of_this_machine

# Reserved for examples: no machine has it.
OF_NOBODY = "192.0.2.1"


def bound(stack: ExitStack, sockets: Sequence[socket.socket]) -> list[tuple[str, int]]:
    return [stack.enter_context(one).getsockname()[:2] for one in sockets]


def test_localhost_is_both_loopback_addresses_on_one_port() -> None:
    expected = of_this_machine("127.0.0.1", "::1")
    assert expected
    with ExitStack() as stack:
        found = bound(stack, bind("Localhost", 0))
    assert [address for address, _ in found] == expected
    assert len({port for _, port in found}) == 1
    assert found[0][1] > 0


def test_an_address_stands_for_itself_alone() -> None:
    with ExitStack() as stack:
        ((address, _),) = bound(stack, bind("127.0.0.1", 0))
    assert address == "127.0.0.1"


def test_a_name_with_several_addresses_is_bound_to_each(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolved(*_: object, **__: object) -> list[tuple[object, ...]]:
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", 0, 0, 0)),
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.2", 0)),
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.2", 0)),
        ]

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    assert addresses_of("node1.invalid") == ["::1", "127.0.0.2"]


def test_an_address_that_the_machine_lacks_is_left_out() -> None:
    with ExitStack() as stack:
        ((address, _),) = bound(stack, bind_all([OF_NOBODY, "127.0.0.1"], 0))
    assert address == "127.0.0.1"


def test_a_host_of_which_the_machine_has_no_address_is_refused() -> None:
    with pytest.raises(CommandError, match=rf"cannot listen on {OF_NOBODY}, port 0"):
        bind(OF_NOBODY, 0)


def test_a_port_in_use_at_one_address_is_refused_and_nothing_stays_open() -> None:
    # What listens there would get the requests of some browsers, and their cookies.
    with socket.socket() as held:
        held.bind(("127.0.0.2", 0))
        held.listen()
        port = held.getsockname()[1]
        with pytest.raises(OSError, match="in use") as caught:
            bind_all(["127.0.0.1", "127.0.0.2"], port)
        assert caught.value.errno == errno.EADDRINUSE
        with ExitStack() as stack:
            assert bound(stack, bind_all(["127.0.0.1"], port)) == [("127.0.0.1", port)]


def test_a_free_port_is_one_that_is_free_at_each_address(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []

    def in_use_at_first(addresses: Sequence[str], port: int) -> Sequence[socket.socket]:
        tried.append(port)
        if len(tried) < 3:
            raise OSError(errno.EADDRINUSE, "in use")
        return bind_all(addresses, port)

    monkeypatch.setattr(module, "bind_all", in_use_at_first)
    with ExitStack() as stack:
        assert bound(stack, bind("localhost", 0))
    assert tried == [0, 0, 0]


@pytest.mark.parametrize(
    ("host", "begin"),
    [
        ("127.0.0.1", "http://127.0.0.1:"),
        ("0.0.0.0", "http://127.0.0.1:"),
        ("::", "http://[::1]:"),
        ("localhost", "http://localhost:"),
    ],
)
def test_the_address_reaches_the_page_from_this_machine(host: str, begin: str) -> None:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        assert address_of(host, made) == f"{begin}{made.getsockname()[1]}"
