"""The link of farms, runs and workers: a session with the connections for its flows."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator
from typing import TypeVar

from taskfarm_sdk import _validation
from taskfarm_sdk._sansio.clock import Clock, SystemClock
from taskfarm_sdk._sansio.hurry import Hurry
from taskfarm_sdk._sansio.steps import Flow, Stream
from taskfarm_sdk._session import settings as _settings
from taskfarm_sdk._session.session import Session, Shared
from taskfarm_sdk._transport import drivers
from taskfarm_sdk._transport.client import AsyncHttpTransport, HttpTransport
from taskfarm_sdk.errors import ConfigurationError
from taskfarm_sdk.hidden import Hidden

R = TypeVar("R")


def new_session(
    url: Hidden[str] | None,
    user: str | None,
    password: Hidden[str] | None,
    token: Hidden[str] | None,
    timeout_s: float,
    give_up_after_s: float,
    clock: Clock | None = None,
) -> Session:
    """Return a new session from the settings of a farm; sends nothing."""
    settings = _settings.settle(url, user, password, token)
    return Session(
        settings,
        _validation.seconds("timeout_s", timeout_s),
        _validation.seconds("give_up_after_s", give_up_after_s, zero=True, endless=True),
        Shared(settings.token, settings.url),
        clock or SystemClock(),
    )


class _AnyLink:
    """Base of both links: pickles with the token, never with a password."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def __reduce__(self) -> tuple[Callable[..., _AnyLink], tuple[object, ...]]:
        session = self.session
        if session.shared.token is None:
            raise ConfigurationError(
                "a Farm is pickled with its token, never with its password, and this one has no "
                "token yet: call farm.login() first"
            )
        given = (session.timeout_s, session.give_up_after_s)
        return _unpickle, (
            type(self),
            session.url,
            session.settings.user,
            session.shared.token.reveal(),
            *given,
        )


def _unpickle(
    kind: type[_AnyLink],
    url: str,
    user: str | None,
    token: str,
    timeout_s: float,
    give_up_after_s: float,
) -> _AnyLink:
    secret = Hidden(token)
    del token
    return kind(new_session(Hidden(url), user, None, secret, timeout_s, give_up_after_s))


class Link(_AnyLink):
    """A link that blocks; threads can share it."""

    def __init__(self, session: Session, wire: HttpTransport | None = None) -> None:
        super().__init__(session)
        self.wire: HttpTransport = wire or HttpTransport(session.url, session.timeout_s)

    def hurried_by(self, hurry: Hurry) -> Link:
        """Return a worker's link: the same connections, but the hurry can end its requests."""
        return Link(self.session.hurried_by(hurry), self.wire)

    def drive(self, flow: Flow[R], clock: Clock | None = None) -> R:
        """Run a flow to its end."""
        return drivers.drive(flow, self.wire, clock or self.session.clock)

    def stream(self, flow: Stream[R]) -> Generator[R]:
        """Run a stream."""
        return drivers.stream(flow, self.wire, self.session.clock)


class AsyncLink(_AnyLink):
    """A link for asyncio."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.wire: AsyncHttpTransport = AsyncHttpTransport(session.url, session.timeout_s)

    async def drive(self, flow: Flow[R]) -> R:
        """Run a flow to its end."""
        return await drivers.adrive(flow, self.wire, self.session.clock)

    def stream(self, flow: Stream[R]) -> AsyncGenerator[R]:
        """Run a stream."""
        return drivers.astream(flow, self.wire, self.session.clock)
