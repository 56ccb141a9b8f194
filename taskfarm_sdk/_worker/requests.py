"""The requests of one worker: how long each is tried, and the `Date` of its reply."""

from __future__ import annotations

import os
import socket

from taskfarm_sdk._flows import claims, tasks
from taskfarm_sdk._protocol.lease import Lease
from taskfarm_sdk._protocol.operations import TaskRow
from taskfarm_sdk._sansio.clock import Clock
from taskfarm_sdk._sansio.hurry import Hurry
from taskfarm_sdk._session.link import Link
from taskfarm_sdk.errors import ConnectionFailed, ServerError

# Ctrl-C or a signal ends the process, and its sender does not wait long.
ENDING_S = 5.0
# The sender of a second signal will not wait; a sound server takes tasks back in less time.
ENDING_AT_ONCE_S = 0.5


class Requests:
    """The requests of a worker and its tasks.

    Args:
        link: the connections.
        run_uuid: the run's.
        give_up_after_s: how long each request is tried.
    """

    def __init__(self, link: Link, run_uuid: str, give_up_after_s: float) -> None:
        self._hurry = Hurry(link.session.clock.now)
        self._link = link.hurried_by(self._hurry)
        self._run = run_uuid
        self._give_up_after_s = give_up_after_s

    @property
    def link(self) -> Link:
        """The connections, for requests with the same time limit as the worker's."""
        return self._link

    def now(self) -> float:
        """Return the time, by the clock of the reports."""
        return self._link.session.clock.now()

    def hurry(self, within_s: float | None = None) -> None:
        """End all requests within a time, also those under way.

        Args:
            within_s: how soon; None for the time after a first signal.
        """
        self._hurry.begin(ENDING_S if within_s is None else within_s)

    def register(self, fleet_size: int, clock: Clock) -> str:
        """Register the worker, one of a fleet that starts now; return its uuid."""
        flow = claims.register(
            self._link.session, socket.gethostname(), os.getpid(), self._until(), fleet_size
        )
        return self._link.drive(flow, clock)

    def claim(self, worker: str, clock: Clock) -> TaskRow | None:
        """Claim a task; None if none waits."""
        flow = claims.claim(self._link.session, self._run, worker, self._until())
        return self._link.drive(flow, clock)

    def look(self, number: int, *, patiently: bool) -> TaskRow | None:
        """Read a task's row on the server.

        Args:
            number: the task's.
            patiently: try as long as any request, then raise; else try once, and return None on
                failure.
        """
        until = self._until() if patiently else self.now()
        try:
            return self._link.drive(tasks.read(self._link.session, self._run, number, until=until))
        except (ConnectionFailed, ServerError):
            if patiently:
                raise
            return None

    def report(self, number: int, lease: Lease) -> bool:
        """Send a report for a task; return whether it was answered."""
        return self._link.drive(claims.report(self._link.session, self._run, number, lease))

    def complete(self, number: int, clock: Clock | None = None) -> str | None:
        """Complete a task; return the `Date` of the reply.

        Args:
            number: the task's.
            clock: the clock to wait by, if the wait may be interrupted.
        """
        flow = claims.complete(self._link.session, self._run, number, self._until())
        return self._link.drive(flow, clock)

    def still_complete(self, number: int) -> None:
        """Complete a task again if a report under way arrived after its completion."""
        flow = claims.still_complete(self._link.session, self._run, number, self._until())
        self._link.drive(flow)

    def give_back(self, number: int, held: tuple[float | None, ...], lease: Lease) -> str | None:
        """Give a task back or set it failed; return the `Date` of the reply."""
        session = self._link.session
        flow = claims.give_back(session, self._run, number, held, lease, self._until())
        return self._link.drive(flow)

    def _until(self) -> float:
        return self._link.session.deadline(self._give_up_after_s)
