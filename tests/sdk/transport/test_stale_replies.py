"""What a server sends behind a reply is no reply to the next request of the connection."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest

from taskfarm_sdk import ConnectionFailed
from tests.support.clock import FastClock
from tests.support.farms import async_farm_by, farm_by
from tests.support.stub_server import Reply, Request, stub_server

MINE, STALE = "a" * 32, "b" * 32


def body_of(uuid: str) -> bytes:
    return json.dumps({"data": [{"id": 1, "uuid": uuid, "numTasks": 1}]}).encode()


def doubled(body: bytes, behind: bytes) -> Reply:
    """Return a reply, with something behind it, on a connection that stays."""
    return Reply(200, body + behind, {"Content-Length": str(len(body))})


STRANGER = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (
    len(body_of(STALE)),
    body_of(STALE),
)


def answers() -> Callable[[Request], Reply]:
    """Return what answers a first request with two replies, and others with one."""
    left = [doubled(body_of(MINE), STRANGER)]
    return lambda _: left.pop() if left else Reply(200, body_of(MINE))


def ask_twice(url: str) -> list[str]:
    with farm_by(FastClock(), url, token="t") as farm:
        return [run.uuid for _ in range(2) for run in farm.runs()]


def ask_twice_awaiting(url: str) -> list[str]:
    async def go() -> list[str]:
        async with async_farm_by(FastClock(), url, token="t") as farm:
            return [run.uuid for _ in range(2) for run in await farm.runs()]

    return asyncio.run(go())


@pytest.mark.parametrize("how", [ask_twice, ask_twice_awaiting], ids=["blocking", "awaiting"])
def test_the_next_request_is_asked_again_and_gets_its_own_reply(
    how: Callable[[str], list[str]],
) -> None:
    with stub_server(answers()) as server:
        assert how(server.url) == [MINE, MINE]
    assert len(server.requests) == 3


def test_who_does_not_ask_again_is_told_that_the_reply_is_of_another_request() -> None:
    with (
        stub_server(answers()) as server,
        farm_by(FastClock(), server.url, token="t", give_up_after_s=0) as farm,
    ):
        farm.runs()
        with pytest.raises(ConnectionFailed, match="answers another request") as raised:
            farm.runs()
        assert raised.value.sent
        # The connection is not used again, on which the right reply may still come.
        assert [run.uuid for run in farm.runs()] == [MINE]
