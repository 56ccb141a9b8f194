"""The state that all flows of one farm share: settings, token, clock, outages."""

from __future__ import annotations

from taskfarm_sdk._logging import log
from taskfarm_sdk._sansio.clock import Clock, SystemClock
from taskfarm_sdk._session.settings import Settings


class Outage:
    """Tells the log when the server goes and when it is back: one line each."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._since: float | None = None

    def goes_on(self, now: float, why: Exception) -> None:
        """Note that a request failed and will be tried again."""
        if self._since is None:
            self._since = now
            log.warning("%s is not there, trying again: %s", self.url, why)

    def is_over(self, now: float) -> None:
        """Note that a request was answered."""
        since, self._since = self._since, None
        if since is not None:
            log.warning("%s is back after %.1f s", self.url, now - since)


# By hand, as the steps are: every command makes these classes when it starts.
class Session:
    """The state behind a farm.

    Attributes:
        settings: where the farm is and who asks.
        timeout_s: the limit of one request.
        give_up_after_s: how long one operation is tried in all.
        token: the token in use; None until one is needed and there is a password to get it with.
        complete: uuids of runs of which every task exists, for a hand-out said that none is left.
    """

    def __init__(
        self,
        settings: Settings,
        timeout_s: float,
        give_up_after_s: float,
        token: str | None,
        clock: Clock | None = None,
    ) -> None:
        self.settings = settings
        self.timeout_s = timeout_s
        self.give_up_after_s = give_up_after_s
        self.token = token
        self.clock: Clock = clock or SystemClock()
        self.outage: Outage = Outage(settings.url)
        self.complete: set[str] = set()

    @property
    def url(self) -> str:
        """The API's URL."""
        return self.settings.url

    def deadline(self, patience_s: float | None = None) -> float:
        """Return until when to try, by the clock; patience_s in place of the session's own."""
        return self.clock.now() + (self.give_up_after_s if patience_s is None else patience_s)
