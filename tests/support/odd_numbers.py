"""A server in this process that answers with the numbers a test gives it, without a network."""

from __future__ import annotations

import json
import math
from typing import Any, TypeVar

import attrs
import httpx
from hypothesis import strategies as st

from taskfarm_sdk import AsyncFarm, Farm, UnexpectedReply
from taskfarm_sdk._sansio.steps import Call
from taskfarm_sdk._transport import replies
from taskfarm_sdk._transport.client import AsyncHttpTransport, HttpTransport
from taskfarm_sdk._transport.quotes import Asked
from tests.support.clock import FastClock
from tests.support.farms import async_farm_by, farm_by

R = TypeVar("R")

URL = "http://localhost:1/api/"
UUID = "0123456789abcdef0123456789abcdef"
LARGEST_FLOAT = 1.7976931348623157e308

#: What JSON can contain where a number belongs.
NUMBERS = (
    st.sampled_from([0, 1, 2, 3, -1, 100, 250, 99.99999999, 0.1, -0.0, 1e-320, True, None, "3"])
    | st.sampled_from([LARGEST_FLOAT, -LARGEST_FLOAT, math.nan, math.inf, -math.inf, 10**308])
    | st.sampled_from([2**31, 2**53 + 1, 2**63, 2**64, -(2**63), int("9" * 400), -int("9" * 400)])
    | st.floats()
    | st.integers()
)


@attrs.define
class Held:
    """The numbers that the server answers with; the defaults are those of a sound run."""

    num_tasks: Any = 3
    id: Any = 1
    waiting: Any = 1
    computing: Any = 1
    done: Any = 1
    percent_done: Any = 50.0
    task: Any = None
    percent_completed: Any = 0.0
    status: str = "computing"

    def answer(self, method: str, path: str, query: dict[str, Any]) -> tuple[int, object]:
        """Return the status and the document of a reply."""
        run = {"id": self.id, "uuid": UUID, "numTasks": self.num_tasks}
        match method, path.strip("/").split("/"):
            case "get", ["runs"]:
                return 200, {"data": [run]}
            case "get", ["runs", _]:
                counts = {
                    "numWaiting": self.waiting,
                    "numComputing": self.computing,
                    "numDone": self.done,
                    "percentDone": self.percent_done,
                }
                which = query.get("info")
                return 200, {which: counts[which]} if which else {**run, **counts}
            case "get", ["runs", _, "tasks", number]:
                return 200, self._task(int(number))
            case "post", ["runs", _, "task"]:
                return 201, self._task(0)
            case "post", ["worker"]:
                return 201, {"id": self.id, "uuid": UUID}
        return 204, None

    def _task(self, number: int) -> object:
        return {
            "id": self.id,
            "task": number if self.task is None else self.task,
            "status": self.status,
            "percentCompleted": self.percent_completed,
        }


class _Sender:
    def __init__(self, held: Held) -> None:
        self._held = held

    def unexpected(self, error: Exception) -> UnexpectedReply:
        return replies.not_the_contract(URL, Asked("GET", URL), error)

    def request(self, method: str, url: str, **more: Any) -> httpx.Response:
        status, document = self._held.answer(method, url, more.get("params") or {})
        content = b"" if document is None else json.dumps(document).encode()
        return httpx.Response(status, content=content, request=httpx.Request(method, URL))


class _AsyncSender(_Sender):
    async def request(self, method: str, url: str, **more: Any) -> httpx.Response:  # type: ignore[override]
        return super().request(method, url, **more)


class _Wire(HttpTransport):
    def __init__(self, held: Held) -> None:
        super().__init__(URL, 5.0)
        self._held = held

    def perform(self, call: Call[R]) -> R:
        return call.sync(_Sender(self._held))


class _AsyncWire(AsyncHttpTransport):
    def __init__(self, held: Held) -> None:
        super().__init__(URL, 5.0)
        self._held = held

    async def perform(self, call: Call[R]) -> R:
        return await call.asyncio(_AsyncSender(self._held))


def farm_of(held: Held) -> Farm:
    """Return a farm whose server holds these numbers."""
    farm = farm_by(FastClock(), URL, token="t", give_up_after_s=0)
    farm._link.wire = _Wire(held)
    return farm


def async_farm_of(held: Held) -> AsyncFarm:
    """Return an awaited farm whose server holds these numbers."""
    farm = async_farm_by(FastClock(), URL, token="t", give_up_after_s=0)
    farm._link.wire = _AsyncWire(held)
    return farm
