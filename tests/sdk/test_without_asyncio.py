"""`AsyncFarm` without an event loop of asyncio, as under trio: an error that says what to do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from typing import Any

import pytest

from taskfarm_sdk import AsyncFarm, AsyncRun, TaskfarmError
from tests.support.stub_server import document, stub_server

ASKING: dict[str, Callable[[AsyncFarm], Awaitable[object]]] = {
    "login": lambda farm: farm.login(),
    "runs": lambda farm: farm.runs(),
    "create": lambda farm: farm.create_run(3),
    "watch": lambda farm: anext(aiter(AsyncRun(farm._link, "0" * 32, 1, 5, "5").watch())),
}


class Loop:
    """Stands in for another library: it steps through a coroutine by hand."""

    def __init__(self, ask: Callable[[AsyncFarm], Awaitable[object]], url: str) -> None:
        self._ask = ask
        self._url = url

    def run(self) -> None:
        """Run it to its end."""
        coroutine = self._go()
        with pytest.raises(StopIteration):
            coroutine.send(None)

    async def _go(self) -> None:
        async with AsyncFarm(self._url, user="me", password="secret") as farm:
            await _Awaited(self._ask(farm))


class _Awaited:
    def __init__(self, awaited: Awaitable[object]) -> None:
        self._awaited = awaited

    def __await__(self) -> Generator[Any, Any, object]:
        return (yield from self._awaited.__await__())


@pytest.mark.parametrize("ask", ASKING.values(), ids=ASKING.keys())
def test_without_asyncio_nothing_is_sent_and_the_error_says_what_to_do(
    ask: Callable[[AsyncFarm], Awaitable[object]],
) -> None:
    with stub_server(document({})) as server:
        with pytest.raises(TaskfarmError, match=r"needs asyncio.*asyncio\.run.*trio.*Farm"):
            Loop(ask, server.url).run()
        assert server.requests == []
