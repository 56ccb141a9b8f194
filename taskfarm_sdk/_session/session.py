"""The state that all flows of one farm share: settings, token, clock, outages."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from taskfarm_sdk._logging import log
from taskfarm_sdk._sansio.clock import Clock, SystemClock
from taskfarm_sdk._sansio.hurry import Hurry
from taskfarm_sdk._session.settings import Settings
from taskfarm_sdk._transport import shortages
from taskfarm_sdk.hidden import Hidden

if TYPE_CHECKING:
    from taskfarm_sdk._failures import FailureLog


class Outage:
    """Log once when the server becomes unavailable, and once when it is back."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._since: float | None = None
        self._is_local = False

    def goes_on(self, now: float, why: Exception) -> None:
        """Note that a request failed and will be retried."""
        if self._since is None:
            self._since = now
            self._is_local = shortages.of(why) is not None
            if self._is_local:
                log.warning("retrying: %s", why)
            else:
                log.warning("%s is unavailable, retrying: %s", self.url, why)

    def is_over(self, now: float, began: float) -> None:
        """Note that a request that began at `began` was answered.

        A request that began before the outage does not show that the server is back.
        """
        since = self._since
        if since is not None and began >= since:
            self._since = None
            how = "is reached again" if self._is_local else "is back"
            log.warning("%s %s after %.1f s", self.url, how, now - since)


# Plain classes, because attrs would slow down the start of every command.
class Shared:
    """The mutable state that all sessions of a farm share.

    Attributes:
        token: the token in use; None until one was fetched with the password.
        outage: whether the server is unavailable.
        complete: uuids of runs whose tasks all exist, because a claim found no task left.
    """

    def __init__(self, token: Hidden[str] | None, url: str) -> None:
        self.token = token
        self.outage: Outage = Outage(url)
        self.complete: set[str] = set()
        self._failures: dict[str, FailureLog] = {}

    @property
    def failures(self) -> FailureLog:
        """The last failed attempts that were seen here."""
        # Imported here, because most commands compute nothing.
        from taskfarm_sdk._failures import FailureLog

        # `setdefault` is atomic: threads that come at once share one log.
        return self._failures.setdefault("", FailureLog())


class Session:
    """The state behind a farm.

    Attributes:
        settings: URL and credentials.
        timeout_s: the time limit of one request.
        give_up_after_s: how long one operation is retried.
        shared: the mutable state, shared with workers' sessions.
        clock: the clock of all waits.
        hurry: ends all requests early if a worker's process is to end; None outside of workers.
    """

    def __init__(
        self,
        settings: Settings,
        timeout_s: float,
        give_up_after_s: float,
        shared: Shared,
        clock: Clock | None = None,
        hurry: Hurry | None = None,
    ) -> None:
        self.settings = settings
        self.timeout_s = timeout_s
        self.give_up_after_s = give_up_after_s
        self.shared = shared
        self.clock: Clock = clock or SystemClock()
        self.hurry = hurry

    @property
    def url(self) -> str:
        """The API's URL."""
        return self.settings.url

    def hurried_by(self, hurry: Hurry) -> Session:
        """Return a worker's session: the same, but the hurry can end its requests."""
        clock = self.clock.hurried_by(hurry)
        return Session(
            self.settings, self.timeout_s, self.give_up_after_s, self.shared, clock, hurry
        )

    def deadline(self, patience_s: float | None = None) -> float:
        """Return the deadline of an operation that begins now; None is the session's own limit."""
        return self.clock.now() + (self.give_up_after_s if patience_s is None else patience_s)

    def not_after(self, moment: float) -> float:
        """Return `moment`, or the end of the hurry if that is earlier."""
        return moment if self.hurry is None else min(moment, self.hurry.ends_at)

    @property
    def left_s(self) -> Callable[[], float] | None:
        """The function that returns a request's time left in a hurry; None outside of workers."""
        return None if self.hurry is None else self.hurry.left_s
