"""Read several runs in turns until they are finished, through outages of any length."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from taskfarm_cli.manage import turns
from taskfarm_cli.manage.standing import Standing, Watched

if TYPE_CHECKING:
    from taskfarm_cli.manage.output.base import Board
    from taskfarm_sdk import Farm, RunStatus, TaskfarmError

# The server does not know how to answer, and never will.
_FOR_GOOD = (501, 505)


class Clock(Protocol):
    """The clock of all waits."""

    def now(self) -> float:
        """Return seconds that only ever grow."""
        ...

    def wait(self, seconds: float) -> None:
        """Wait."""
        ...


class SystemClock:
    """The clock of this machine."""

    def now(self) -> float:
        """Return seconds that only ever grow."""
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


class Follower:
    """The one reader of several runs.

    Args:
        farm: the server.
        watched: the runs.
        board: shows them.
        say: writes a line about what happens to a run or to the server.
        clock: the clock of all waits.
    """

    def __init__(
        self,
        farm: Farm,
        watched: Sequence[Watched],
        board: Board,
        say: Callable[[str], None],
        clock: Clock,
    ) -> None:
        self._farm = farm
        self._watched = watched
        self._board = board
        self._say = say
        self._clock = clock
        self._rows = {one.run.uuid: one.row for one in watched}
        self._failures: dict[str, TaskfarmError] = {}
        self._away_since: float | None = None
        self._is_away_said = False
        self._asked_for_s = 0.0
        self._took_s = 0.0

    def follow(self, timeout_s: float | None) -> bool:
        """Read the runs until all are over.

        Args:
            timeout_s: for how long at most; None for as long as it takes.

        Returns:
            Whether they are; else the time is.

        Raises:
            TaskfarmError: the server does not accept the credentials any more.
        """
        clock = self._clock
        end = None if timeout_s is None else clock.now() + timeout_s
        for watched in self._watched:
            self._show(watched)
        rest_s = turns.TURN_S
        while any(not watched.is_over for watched in self._watched):
            left_s = rest_s if end is None else min(rest_s, end - clock.now())
            if left_s > 0:
                clock.wait(left_s)
            if end is not None and clock.now() >= end:
                return False
            rest_s = self._take_turn()
        return True

    def _take_turn(self) -> float:
        """Read a run, and return how long to rest after it."""
        before_s, self._took_s, self._asked_for_s = self._took_s, 0.0, 0.0
        began = self._clock.now()
        shown = self._board.shown()
        self._read(
            turns.next_of(
                (watched for watched in self._watched if not watched.is_over),
                lambda watched: shown is None or watched.run.uuid in shown,
                began,
            )
        )
        return turns.rest_s(
            self._clock.now() - began,
            # The quicker of two turns: a single slow reply, as after a restart, means nothing.
            answer_took_s=min(before_s, self._took_s),
            asked_for_s=self._asked_for_s,
        )

    def _read(self, watched: Watched) -> None:
        """Read a run."""
        from taskfarm_sdk import (
            AuthenticationError,
            ConnectionFailed,
            RunNotFound,
            ServerError,
            TaskfarmError,
        )

        began = self._clock.now()
        try:
            # Tried once: the next turn tries again.
            _, status = self._farm.get_run_and_status(watched.run.uuid, give_up_after_s=0)
        except RunNotFound:
            self._end(watched, Standing.DELETED, "was deleted")
        except AuthenticationError:
            raise
        except ConnectionFailed as error:
            if error.hopeless:
                raise
            self._fail(watched, error)
        except TaskfarmError as error:
            if isinstance(error, ServerError) and error.status not in _FOR_GOOD:
                self._fail(watched, error)
                return
            self._end(watched, Standing.UNREADABLE, f"cannot be read: {error}")
        else:
            self._took_s = self._clock.now() - began
            self._answer(watched, status)

    def _answer(self, watched: Watched, status: RunStatus) -> None:
        self._is_answered()
        watched.add(status, self._clock.now())
        self._show(watched)

    def _end(self, watched: Watched, standing: Standing, what: str) -> None:
        self._is_answered()
        watched.end(standing)
        self._say(f"run {watched.run.uuid} {what}")
        self._show(watched)

    def _show(self, watched: Watched) -> None:
        row = self._rows[watched.run.uuid] = watched.row
        self._board.show(tuple(self._rows.values()), row)

    def _fail(self, watched: Watched, error: TaskfarmError) -> None:
        """Take note that a run could not be read: the server is away, or it is this run alone."""
        from taskfarm_sdk import ConnectionFailed

        watched.asked_at = self._clock.now()
        if watched.has_trouble and not self._failures:
            return
        asked_for_s = getattr(error, "retry_after_s", None) or 0.0
        self._asked_for_s = min(asked_for_s, turns.LONGEST_REST_S)
        if self._away_since is None:
            self._away_since = watched.asked_at
        self._failures[watched.run.uuid] = error
        others = sum(not one.is_over for one in self._watched) - 1
        is_all = isinstance(error, ConnectionFailed) or len(self._failures) > 1 or not others
        if is_all and not self._is_away_said:
            self._is_away_said = True
            self._say(f"{self._farm.url} is unavailable, retrying: {error}")
            for one in self._watched:
                one.lose()
                self._show(one)

    def _is_answered(self) -> None:
        """Take note that the server answered, and say so if it was away."""
        if self._away_since is None:
            return
        if self._is_away_said:
            away_s = self._clock.now() - self._away_since
            self._say(f"{self._farm.url} is back after {away_s:.1f} s")
            for watched in self._watched:
                watched.interrupt()
        else:
            self._say_trouble()
        self._failures.clear()
        self._away_since, self._is_away_said = None, False

    def _say_trouble(self) -> None:
        for watched in self._watched:
            error = self._failures.get(watched.run.uuid)
            if error is not None:
                watched.has_trouble = True
                self._say(f"run {watched.run.uuid} cannot be read for now, retrying: {error}")
                self._show(watched)
