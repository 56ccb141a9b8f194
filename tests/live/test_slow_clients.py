"""Clients without credentials that send slowly, not at all or too much, beside honest ones."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from taskfarm_sdk.testing import LocalServer
from tests.support.processes import NET_S, members, wait_until
from tests.support.slow_clients import CHUNK, KINDS, slow_client

pytestmark = [
    pytest.mark.long,
    pytest.mark.live,
    pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at processes through /proc"),
]
MIB = 1024 * 1024
# What the process may grow by whatever is sent to it.
GROWTH_MIB = 100


@pytest.fixture(scope="module")
def server() -> Iterator[LocalServer]:
    """A server of this module's own, whose memory is looked at."""
    with LocalServer() as server:
        yield server


def serving_pid(server: LocalServer) -> int:
    assert server.pid is not None
    return members(server.pid)[1].pid


def peak_mib(pid: int) -> float:
    """Return the most memory that a process has had."""
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


@pytest.mark.parametrize("kind", KINDS)
def test_honest_requests_are_answered_beside(server: LocalServer, kind: str) -> None:
    with server.farm() as farm:
        run = farm.create_run(20)
        before_mib = peak_mib(serving_pid(server))
        with slow_client(kind, server.url):
            for task in run.worker():
                task.complete()
            assert run.status().succeeded
            # On connections of their own, which a server full of others must first accept.
            for _ in range(20):
                assert httpx.get(server.url + "runs", timeout=NET_S).status_code == 401
        assert peak_mib(serving_pid(server)) < before_mib + GROWTH_MIB


@pytest.mark.parametrize(("length", "status"), [(MIB, 401), (MIB + 1, 413)])
def test_a_body_may_have_a_mebibyte(server: LocalServer, length: int, status: int) -> None:
    reply = httpx.post(server.url + "run", content=b"x" * length, timeout=NET_S)
    assert reply.status_code == status


def test_a_large_body_takes_no_memory_with_credentials_either(server: LocalServer) -> None:
    with server.farm() as farm:
        token = farm.login()
    before_mib = peak_mib(serving_pid(server))
    body = (CHUNK for _ in range(300_000_000 // len(CHUNK)))
    headers = {"Content-Type": "application/json"}
    reply = httpx.post(
        server.url + "run", content=body, auth=(token, ""), headers=headers, timeout=NET_S
    )
    assert reply.status_code == 413
    assert peak_mib(serving_pid(server)) < before_mib + GROWTH_MIB


def test_requests_under_way_at_sigterm_are_answered() -> None:
    with LocalServer() as server, ExitStack() as undo:
        assert server.pid is not None
        parts = urlsplit(server.url)
        # A stopped process leaves some of them unread, and some unaccepted.
        serving = serving_pid(server)
        os.kill(serving, signal.SIGSTOP)
        address = (parts.hostname or "", parts.port or 0)
        clients = [undo.enter_context(socket.create_connection(address)) for _ in range(5)]
        for client in clients:
            client.sendall(b"GET /api/runs HTTP/1.1\r\nHost: here\r\n\r\n")
        os.kill(server.pid, signal.SIGTERM)
        os.kill(serving, signal.SIGCONT)
        for client in clients:
            client.settimeout(NET_S)
            assert client.recv(4096).startswith(b"HTTP/1.1 401 ")
        wait_until(lambda: not members(server.pid or 0))
