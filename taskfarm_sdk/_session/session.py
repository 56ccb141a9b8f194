"""The state that all flows of one farm share: settings, token, clock, outages."""

from __future__ import annotations

from collections.abc import Callable

from taskfarm_sdk._logging import log
from taskfarm_sdk._sansio.clock import Clock, SystemClock
from taskfarm_sdk._sansio.hurry import Hurry
from taskfarm_sdk._session.settings import Settings
from taskfarm_sdk._transport import shortages


class Outage:
    """Tells the log when the server goes and when it is back: one line each."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._since: float | None = None
        self._is_local = False

    def goes_on(self, now: float, why: Exception) -> None:
        """Note that a request failed and will be tried again."""
        if self._since is None:
            self._since = now
            self._is_local = shortages.of(why) is not None
            if self._is_local:
                log.warning("trying again: %s", why)
            else:
                log.warning("%s is not there, trying again: %s", self.url, why)

    def is_over(self, now: float, began: float) -> None:
        """Note that a request was answered that began at a moment.

        One that began before the server went says nothing of whether it is back.
        """
        since = self._since
        if since is not None and began >= since:
            self._since = None
            how = "is reached again" if self._is_local else "is back"
            log.warning("%s %s after %.1f s", self.url, how, now - since)


# By hand, as the steps are: every command makes these classes when it starts.
class Shared:
    """What changes in a session, and is the same for everyone who works with it.

    Attributes:
        token: the token in use; None until one is needed and there is a password to get it with.
        outage: whether the server is there.
        complete: uuids of runs of which every task exists, for a hand-out said that none is left.
    """

    def __init__(self, token: str | None, url: str) -> None:
        self.token = token
        self.outage: Outage = Outage(url)
        self.complete: set[str] = set()


class Session:
    """The state behind a farm.

    Attributes:
        settings: where the farm is and who asks.
        timeout_s: the limit of one request.
        give_up_after_s: how long one operation is tried in all.
        shared: what changes.
        clock: the time that is waited by.
        hurry: ends all requests early, for a worker whose process is to end; None for none.
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
        """Return the session of a worker: the same, but for the end of its requests."""
        clock = self.clock.hurried_by(hurry)
        return Session(
            self.settings, self.timeout_s, self.give_up_after_s, self.shared, clock, hurry
        )

    def deadline(self, patience_s: float | None = None) -> float:
        """Return until when to try, by the clock; patience_s in place of the session's own."""
        return self.clock.now() + (self.give_up_after_s if patience_s is None else patience_s)

    def not_after(self, moment: float) -> float:
        """Return a moment, or that at which all requests are to be over if it is before."""
        return moment if self.hurry is None else min(moment, self.hurry.ends_at)

    @property
    def left_s(self) -> Callable[[], float] | None:
        """How long a request may still take, whatever its patience; None for no such end."""
        return None if self.hurry is None else self.hurry.left_s
