"""A server that points elsewhere: nothing goes there, and least of all a credential."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from taskfarm_sdk import AsyncFarm, Farm, UnexpectedReply
from tests.support.stub_server import (
    Reply,
    Request,
    SilentPort,
    StubServer,
    page,
    silent_port,
    stub_server,
)

STATUSES = (301, 302, 303, 307, 308)


@pytest.fixture
def elsewhere() -> Iterator[SilentPort]:
    """Another origin, where whoever comes is left waiting."""
    with silent_port() as port:
        yield port


@pytest.fixture
def pointing() -> Iterator[StubServer]:
    with stub_server(page(302)) as server:
        yield server


def redirect(status: int, place: SilentPort) -> Callable[[Request], Reply]:
    """Return what answers everything with a redirect to the same path at another place."""
    return lambda request: Reply(status, b"", {"Location": place.origin + request.path})


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize(
    ("password", "token"), [("secret", None), (None, "secret")], ids=["password", "token"]
)
def test_a_redirect_is_told_and_not_followed(
    pointing: StubServer,
    elsewhere: SilentPort,
    status: int,
    password: str | None,
    token: str | None,
) -> None:
    pointing.answers = redirect(status, elsewhere)
    with Farm(pointing.url, user="me", password=password, token=token) as farm:
        for ask in (farm.runs, lambda: farm.create_run(1)):
            with pytest.raises(UnexpectedReply, match=f"redirects to {elsewhere.origin}") as raised:
                ask()
            assert raised.value.status == status
            assert "secret" not in str(raised.value)

    async def ask_too() -> None:
        async with AsyncFarm(pointing.url, user="me", password=password, token=token) as farm:
            with pytest.raises(UnexpectedReply):
                await farm.runs()

    asyncio.run(ask_too())
    assert len(pointing.requests) == 3
    assert elsewhere.callers() == 0


@pytest.mark.parametrize("mode", ["--list", "--login"])
def test_the_command_line_follows_none_either(
    pointing: StubServer, elsewhere: SilentPort, mode: str
) -> None:
    pointing.answers = redirect(302, elsewhere)
    words = ("-m", "taskfarm_cli.manage", mode, "-b", pointing.url, "-u", "me", "-p", "-")
    done = subprocess.run(
        [sys.executable, *words], input="secret\n", capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "redirections are not followed" in done.stderr
    assert elsewhere.callers() == 0
