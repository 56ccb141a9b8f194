"""`TaskFarmWorker`."""

from __future__ import annotations

import math
import os
import socket
from collections.abc import Iterator
from typing import SupportsFloat

from taskfarm_sdk._flows import claims
from taskfarm_sdk._protocol import lease as leases
from taskfarm_sdk._session.settings import DEFAULT_URL
from taskfarm_sdk._text import shown
from taskfarm_sdk.compat import _flows
from taskfarm_sdk.compat._client import TaskFarm
from taskfarm_sdk.hidden import Hidden, hide

GIVE_UP_AFTER_S = 600.0
CLOSE_TO_DONE = 1e-6


class TaskFarmWorker(TaskFarm):
    """A worker of a run; it registers itself on the server at once.

    Args:
        username: the user's name, or a token if the password is empty.
        password: the user's password, sent only to get a token.
        uuid: the uuid of the run.
        url_base: the API's URL.

    Raises:
        RuntimeError: the server rejected the user and password, or the run does not exist.
        ValueError: the URL is invalid.
    """

    _give_up_after_s = GIVE_UP_AFTER_S

    def __init__(
        self,
        username: str | None,
        password: str | None,
        uuid: str,
        url_base: str = DEFAULT_URL,
    ) -> None:
        given = hide(username), hide(password), Hidden(url_base)
        del username, password, url_base
        self._open(*given, uuid)
        self._task: int | None = None
        self._percent: float | None = None
        self._unanswered = False  # whether a report may still arrive after the task's end
        self._doubtful: set[int] = set()
        session = self._link.session
        self._worker_uuid = self._drive(
            claims.register(session, socket.gethostname(), os.getpid(), session.deadline())
        )

    @property
    def worker_uuid(self) -> str:
        """The uuid under which the worker is registered."""
        return self._worker_uuid

    @property
    def task(self) -> int | None:
        """The number of the open task; without one, a task is claimed. None if no task is left.

        Raises:
            RuntimeError: the server cannot hand out the remaining tasks, or the run does not exist.
        """
        if self._task is None:
            self._percent, self._unanswered = None, False
            session = self._link.session
            self._complete_the_doubtful()
            row = self._drive(
                _flows.claim(session, self.uuid, self.worker_uuid, session.deadline())
            )
            if row is not None:
                self._task, self._percent = row.number, row.percent
        return self._task

    @property
    def tasks(self) -> Iterator[int]:
        """Yield the remaining tasks one after the other; call `done()` for each."""
        while (task := self.task) is not None:
            yield task

    def update(self, percentage: SupportsFloat) -> None:
        """Report the percentage of the open task; does nothing without one.

        A failed report is dropped.

        Args:
            percentage: 0 to 100.

        Raises:
            ValueError: the percentage is out of range.
            TypeError: it is no number.
            RuntimeError: the run does not exist any more.
        """
        if self._task is None:
            return
        percent = _percentage(percentage)
        self._percent = percent
        session = self._link.session
        answered = self._drive(_flows.report(session, self.uuid, self._task, percent))
        self._unanswered = self._unanswered or not answered

    def done(self) -> None:
        """End the open task: set it done if it is at 100, otherwise leave it unchanged.

        Raises:
            RuntimeError: the request failed; the task is still open.
        """
        if self._task is None:
            return
        if self._percent is not None and abs(self._percent - leases.SUCCESS) < CLOSE_TO_DONE:
            session = self._link.session
            self._drive(claims.complete(session, self.uuid, self._task, session.deadline()))
            if self._unanswered:
                self._doubtful.add(self._task)
        self._task = None

    def _is_made(self, task: int) -> bool:
        return task == self._task or super()._is_made(task)

    def _complete_the_doubtful(self) -> None:
        session = self._link.session
        for number in sorted(self._doubtful):
            flow = claims.still_complete(session, self.uuid, number, session.deadline())
            self._drive(flow)
            self._doubtful.discard(number)


def _percentage(value: SupportsFloat) -> float:
    try:
        # Texts and bytes have none, although `float` reads them.
        percent = float(type(value).__float__(value))
    except OverflowError:
        percent = math.inf
    except (AttributeError, TypeError, ValueError):
        raise TypeError(f"percentage must be a number, not {shown(value)}") from None
    if not 0 <= percent <= leases.SUCCESS:
        raise ValueError(f"percentage {shown(value)} out of range: use 0 to 100")
    return percent
