"""The steps of flows: policies written once, as generators that do no I/O.

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

from taskfarm_sdk.hidden import Hidden

R = TypeVar("R")

# How many requests of one flow may be in flight: enough to hide the network's latency, and few
# compared with those of the workers.
AT_ONCE = 8
# Far more than any reply of a taskfarm server but the list of its runs.
REPLY_MOST_BYTES = 1024 * 1024
# The password beside a token.
NOTHING = Hidden("")


# Steps are named tuples, and the class with a secret is a plain one: attrs takes six times as long
# to create a class, and every command creates all of these when it starts.
class Basic:
    """Credentials of a request: user and password, or a token as user and an empty password."""

    __slots__ = ("password", "user")

    def __init__(self, user: Hidden[str], password: Hidden[str] = NOTHING) -> None:
        self.user: Final = user
        self.password: Final = password

    def __repr__(self) -> str:
        return "Basic('***', '***')"

    @property
    def header(self) -> Hidden[str]:
        """The value of the Authorization header."""
        return _header(self.user, self.password)


@lru_cache(maxsize=8)
def _header(user: Hidden[str], password: Hidden[str]) -> Hidden[str]:
    pair = Hidden(f"{user.reveal()}:{password.reveal()}".encode())
    return Hidden(f"Basic {base64.b64encode(pair.reveal()).decode()}")


class Sender(Protocol):
    """Send the one request of a call, and return the reply if it is a success."""

    def unexpected(self, error: Exception) -> Exception:
        """Return the error for a reply that could not be read, because of another error."""
        ...

    def request(self, method: str, url: str, **more: Any) -> object:
        """Send it."""
        ...


class AsyncSender(Protocol):
    """`Sender`, awaited."""

    def unexpected(self, error: Exception) -> Exception:
        """Return the error for a reply that could not be read, because of another error."""
        ...

    async def request(self, method: str, url: str, **more: Any) -> object:
        """Send it."""
        ...


class Call(NamedTuple, Generic[R]):
    """One request, for either driver.

    Attributes:
        sync: sends it and reads the reply.
        asyncio: the same for asyncio.
        acting_as: the credentials.
        fresh: whether to use a new connection, for a request that must not be sent twice: the
            server may just have closed a reused one.
        timeout_s: the time limit in seconds; None is the client's own limit.
        left_s: called during the request, returns how long it may still take; for workers, whose
            requests can be ended early. None for other requests.
        reply_most_bytes: the largest reply that is read; memory for many times as much is needed
            to read one.
    """

    sync: Callable[[Sender], R]
    asyncio: Callable[[AsyncSender], Awaitable[R]]
    acting_as: Basic | None = None
    fresh: bool = False
    timeout_s: float | None = None
    left_s: Callable[[], float] | None = None
    reply_most_bytes: int = REPLY_MOST_BYTES

    def sent_as(self, who: Basic, left_s: Callable[[], float] | None = None) -> Call[R]:
        """Return the call with credentials, and with `left_s`."""
        # Not `_replace`, which is slower, and this runs for each request.
        return Call(
            self.sync,
            self.asyncio,
            who,
            self.fresh,
            self.timeout_s,
            left_s,
            self.reply_most_bytes,
        )


class Sleep(NamedTuple):
    """A wait; a stop or an interrupt of the driver ends it."""

    seconds: float


class Exclusive(NamedTuple, Generic[R]):
    """A flow that runs only once at a time on a farm's connections."""

    flow: Callable[[], Flow[R]]


class Together(NamedTuple, Generic[R]):
    """Flows to run concurrently, `AT_ONCE` of them at a time; the first error ends all."""

    flows: Sequence[Callable[[], Flow[R]]]


class Item(NamedTuple, Generic[R]):
    """One item of a stream."""

    value: R


# The value sent into a flow depends on the step that it yielded last, which no type can express:
# this is the only `Any`, and the functions below hide it.
Step = Call[Any] | Sleep | Exclusive[Any] | Together[Any]
Flow = Generator[Step, Any, R]
Stream = Generator[Step | Item[R], Any, None]


def send(call: Call[R]) -> Flow[R]:
    """Let the driver send a request, and return its result."""
    reply: R = yield call
    return reply


def sleep(seconds: float) -> Flow[None]:
    """Let the driver wait."""
    yield Sleep(seconds)


def exclusive(flow: Callable[[], Flow[R]]) -> Flow[R]:
    """Run a flow while no other exclusive flow runs."""
    result: R = yield Exclusive(flow)
    return result


def together(flows: Sequence[Callable[[], Flow[R]]]) -> Flow[list[R]]:
    """Run flows concurrently, and return their results in order."""
    results: list[R] = yield Together(flows)
    return results
