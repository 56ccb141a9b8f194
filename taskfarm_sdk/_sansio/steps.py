"""Policies written once, as generators that do no I/O.

A flow yields a step (`Call`, `Sleep`, `Exclusive` or `Together`) and receives its result. Errors
are thrown into the flow, so a retry is a plain `try` and `except`. A stream is a flow that also
yields items for its reader, each in an `Item`. The drivers in `_transport.drivers` run both, with
threads or with asyncio.
"""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Generator, Sequence
from functools import lru_cache
from typing import Any, Final, Generic, NamedTuple, Protocol, TypeVar

R = TypeVar("R")

# How many requests of one flow may be under way at a time: enough to hide a network's latency, and
# few beside the workers that the server is there for.
AT_ONCE = 8


# Steps are named tuples, and what holds a secret is written by hand: attrs takes six times as long
# to make a class, and every command makes all of these when it starts.
class Basic:
    """Credentials of a request: user and password, or a token as user and an empty password."""

    __slots__ = ("password", "user")

    def __init__(self, user: str, password: str = "") -> None:
        self.user: Final = user
        self.password: Final = password

    def __repr__(self) -> str:
        return "Basic('***', '***')"

    @property
    def header(self) -> str:
        """The value of the Authorization header."""
        return _header(self.user, self.password)


@lru_cache(maxsize=8)
def _header(user: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


class Sender(Protocol):
    """Send the one request of a call, and return the reply where it is a success."""

    @property
    def url(self) -> str:
        """The API's URL."""
        ...

    def request(self, method: str, url: str, **more: Any) -> object:
        """Send it."""
        ...


class AsyncSender(Protocol):
    """`Sender`, awaited."""

    @property
    def url(self) -> str:
        """The API's URL."""
        ...

    async def request(self, method: str, url: str, **more: Any) -> object:
        """Send it."""
        ...


class Call(NamedTuple, Generic[R]):
    """One request, for either driver.

    Attributes:
        sync: sends it and reads the reply.
        asyncio: the same, awaited.
        acting_as: whom it is sent as.
        fresh: over a connection of its own, for a request that must not be sent twice: a reused
            connection may have been closed by the server a moment ago.
        timeout_s: how long it may take, where that is less than the client's own limit.
        left_s: how long it may still take, asked anew while it is under way, for a request that
            may have to be hurried; None if it may not.
    """

    sync: Callable[[Sender], R]
    asyncio: Callable[[AsyncSender], Awaitable[R]]
    acting_as: Basic | None = None
    fresh: bool = False
    timeout_s: float | None = None
    left_s: Callable[[], float] | None = None

    def sent_as(self, who: Basic, left_s: Callable[[], float] | None = None) -> Call[R]:
        """Return it with whom it is sent as, and how long it may still take."""
        # By hand, for this is done for each request, and `_replace` takes longer.
        return Call(self.sync, self.asyncio, who, self.fresh, self.timeout_s, left_s)


class Sleep(NamedTuple):
    """A wait; whatever stops or interrupts the driver ends it."""

    seconds: float


class Exclusive(NamedTuple, Generic[R]):
    """A flow that only one at a time may run, of all that share the farm's connections."""

    flow: Callable[[], Flow[R]]


class Together(NamedTuple, Generic[R]):
    """Flows to run side by side, `AT_ONCE` of them at a time; the first that fails ends it."""

    flows: Sequence[Callable[[], Flow[R]]]


class Item(NamedTuple, Generic[R]):
    """One item of a stream."""

    value: R


# What is sent into a flow depends on what it yielded last, which no type can say: this `Any` is
# the only one, and `send` and its kin below keep it in.
Step = Call[Any] | Sleep | Exclusive[Any] | Together[Any]
Flow = Generator[Step, Any, R]
Stream = Generator[Step | Item[R], Any, None]


def send(call: Call[R]) -> Flow[R]:
    """Have a request sent, and return what it brought."""
    reply: R = yield call
    return reply


def sleep(seconds: float) -> Flow[None]:
    """Have the driver wait."""
    yield Sleep(seconds)


def exclusive(flow: Callable[[], Flow[R]]) -> Flow[R]:
    """Have a flow run while no other exclusive one does."""
    result: R = yield Exclusive(flow)
    return result


def together(flows: Sequence[Callable[[], Flow[R]]]) -> Flow[list[R]]:
    """Have flows run side by side, and return what they return, in their order."""
    results: list[R] = yield Together(flows)
    return results
