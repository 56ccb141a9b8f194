"""Read the server for all viewers together, in one thread, and keep the parts of their pages."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterable, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from taskfarm_cli.common.guard import complain
from taskfarm_cli.view import parts
from taskfarm_cli.view.arguments import PROGRAM
from taskfarm_cli.view.facts import Outage
from taskfarm_cli.view.places import Place
from taskfarm_cli.view.records import LIST, RunRecord, RunsRecord
from taskfarm_cli.view.schedule import EVERY_S, Wish, choose, may_hurry, rest_s, wait_s
from taskfarm_cli.view.sources import Sources

if TYPE_CHECKING:
    from taskfarm_cli.view.scans import TaskScan
    from taskfarm_sdk import Farm

# What was opened without its events, as by a browser without scripts, is read for so long.
OPENED_FOR_S = 5.0
# Files, scans and the time left change also while the server is not read.
DRAW_EVERY_S = 1.0
# What was read of a run, its course above all, is kept for so many of them.
MOST_RECORDS = 500
# The first readings of a list follow each other at once, unless the server is slow.
QUICK_S = 0.2

Parts = Mapping[str, str]


class Observer:
    """The one reader of a server.

    Args:
        farm: the server; its requests are tried once, and the next turn tries again.
        sources: where the states of single tasks come from.
    """

    def __init__(self, farm: Farm, sources: Sources) -> None:
        self._farm = farm
        self._sources = sources
        self._list = RunsRecord()
        self._records: dict[str, RunRecord] = {}
        self._outage: Outage | None = None
        self._answered_at = time.time()
        self._rest_until, self._rest_s = -math.inf, EVERY_S
        self._num_server_errors = 0
        self._unanswered: str | None = None
        self._news = threading.Condition()
        self._watched: Counter[Place] = Counter()
        self._opened: dict[Place, float] = {}
        self._parts: dict[Place, Parts] = {}
        self._is_woken = self._is_ended = False
        self._is_quick = True
        self._tell: Callable[[], None] = lambda: None

    def start(self, tell: Callable[[], None]) -> None:
        """Begin to read. The thread ends with the process, whatever the server does.

        Args:
            tell: called in the thread whenever parts have changed.
        """
        self._tell = tell
        threading.Thread(target=self._observe, name="viewTF-observer", daemon=True).start()

    def end(self) -> None:
        """End after the request that is under way."""
        self._is_ended = True
        self._wake()

    def parts(self, place: Place) -> Parts | None:
        """Return the parts of a page; None before they are made."""
        return self._parts.get(place)

    def open(self, place: Place) -> None:
        """Have a page read for a moment."""
        with self._news:
            if place not in self._watched and place not in self._opened:
                # What was drawn and read when somebody looked last is old.
                self._parts = {key: found for key, found in self._parts.items() if key != place}
                self._expire(place)
            self._opened[place] = time.monotonic() + OPENED_FOR_S
        self._wake()

    def first_parts(self, place: Place, timeout_s: float) -> Parts:
        """Return the parts of a page that was opened, waiting a little until it was read.

        Args:
            place: the page.
            timeout_s: for how long; then they say what is known.
        """
        with self._news:
            self._news.wait_for(lambda: self._is_known(place), timeout_s)
        return self._parts.get(place) or self._drawn(place, look=False)

    @contextmanager
    def watching(self, place: Place) -> Generator[None]:
        """Have a page read inside the `with` block."""
        with self._news:
            self._watched[place] += 1
        self._wake()
        try:
            yield
        finally:
            with self._news:
                self._watched[place] -= 1
                if not self._watched[place]:
                    del self._watched[place]

    def read_again(self, uuid: str) -> None:
        """Have a run and the list read now, because somebody changed it."""
        self._record(uuid).asked_at = -math.inf
        self._list.asked_at = -math.inf
        self._wake()

    def record(self, uuid: str) -> RunRecord | None:
        """Return what was read of a run, if anything was."""
        return self._records.get(uuid)

    def set_scan(self, uuid: str, scan: TaskScan) -> None:
        """Have the pictures of a run show a reading of its tasks."""
        self._record(uuid).scan = scan

    def drop_scan(self, uuid: str) -> None:
        """Forget the reading of a run's tasks, because they were changed."""
        self._record(uuid).drop_scan()

    def _expire(self, place: Place) -> None:
        now = time.monotonic()
        if place.uuid is not None:
            self._record(place.uuid).expire(now)
            return
        self._list.expire(now)
        for run in self._list.part(place.part):
            self._record(run.uuid).expire(now)

    def _is_known(self, place: Place) -> bool:
        return place in self._parts and (self._outage is not None or self._is_read(place))

    def _is_read(self, place: Place) -> bool:
        if place.uuid is None:
            runs = self._list.part(place.part)
            return self._list.read_at is not None and all(
                self._record(run.uuid).asked_at > -math.inf for run in runs
            )
        return self._record(place.uuid).asked_at > -math.inf

    def _wake(self) -> None:
        with self._news:
            self._is_woken = True
            self._news.notify_all()

    def _observe(self) -> None:
        while not self._is_ended:
            try:
                places = self._places()
                self._take_turn(places)
                pause_s = self._pause_s(places)
            except BaseException as error:  # noqa: BLE001 - the pages would stand still without a word
                complain(PROGRAM, f"unexpected {type(error).__name__}: {error}")
                pause_s = EVERY_S
            with self._news:
                if not self._is_woken:
                    self._news.wait(pause_s)
                self._is_woken = False

    def _take_turn(self, places: Iterable[Place]) -> None:
        wishes = self._wishes(places)
        wish = self._turn(wishes)
        if wish is not None:
            # So long each has to wait for its turn, at worst.
            self._read(wish, turn_s=max(wish.every_s, self._rest_s * len(wishes)))
        self._draw(self._places())
        self._forget()

    def _forget(self) -> None:
        """Forget runs that are gone, and of too many those read longest ago; none that is seen."""
        records = sorted(self._records.values(), key=lambda record: record.asked_at)
        too_many = len(records) - MOST_RECORDS
        unwanted = [
            record.uuid
            for place, record in enumerate(records)
            if record.is_gone or (place < too_many and not record.is_being_scanned)
        ]
        if not unwanted:
            return
        seen = {wish.subject for wish in self._wishes(self._places())}
        for uuid in unwanted:
            if uuid not in seen:
                self._records.pop(uuid, None)
                self._sources.forget(uuid)

    def _places(self) -> list[Place]:
        now = time.monotonic()
        with self._news:
            self._opened = {place: end for place, end in self._opened.items() if end > now}
            return list(dict.fromkeys([*self._watched, *self._opened]))

    def _wishes(self, places: Iterable[Place]) -> list[Wish]:
        wishes: dict[str, Wish] = {}
        for place in places:
            if place.uuid is not None:
                wishes[place.uuid] = self._record(place.uuid).wish(is_open=True)
                continue
            wishes[LIST] = self._list.wish()
            for run in self._list.part(place.part):
                wishes.setdefault(run.uuid, self._record(run.uuid).wish(is_open=False))
        return list(wishes.values())

    def _turn(self, wishes: Collection[Wish]) -> Wish | None:
        """Return what to read now; what was just opened need not wait for its turn."""
        now = time.monotonic()
        wish = choose(wishes, now)
        if wish is not None and wish.subject == self._unanswered:
            # The server may be there, and take too long for this one alone.
            others = (one for one in wishes if one.subject != self._unanswered)
            wish = choose(others, now) or wish
        if wish is None or now >= self._rest_until:
            return wish
        is_away = self._outage is not None
        return None if is_away or not may_hurry(wish, is_quick=self._is_quick) else wish

    def _pause_s(self, places: Iterable[Place]) -> float | None:
        now = time.monotonic()
        wishes = self._wishes(places)
        due_s = wait_s(wishes, now)
        if due_s is None:
            return None
        if not self._turn(wishes):
            due_s = max(due_s, self._rest_until - now, 0.0)
        return min(due_s, DRAW_EVERY_S)

    def _record(self, uuid: str) -> RunRecord:
        return self._records.setdefault(uuid, RunRecord(uuid))

    def _read(self, wish: Wish, *, turn_s: float) -> None:
        from taskfarm_sdk import AuthenticationError, ConnectionFailed, ServerError, TaskfarmError

        begun = time.monotonic()
        try:
            self._ask(wish, turn_s)
        except (AuthenticationError, ConnectionFailed) as error:
            self._unanswered = wish.subject
            self._is_away(error)
        except ServerError as error:
            self._has_failed(wish, error)
        except TaskfarmError as error:
            self._answer()
            self._subject(wish).fail(str(error), time.monotonic())
        except Exception as error:  # noqa: BLE001 - the pages would stand still without a word
            said = f"unexpected {type(error).__name__}: {error}"
            complain(PROGRAM, said)
            self._subject(wish).fail(said, time.monotonic())
        else:
            self._answer()
        ended = time.monotonic()
        self._is_quick = ended - begun < QUICK_S
        self._rest_s = rest_s(ended - begun)
        self._rest_until = ended + self._rest_s

    def _subject(self, wish: Wish) -> RunRecord | RunsRecord:
        return self._list if wish.subject == LIST else self._record(wish.subject)

    def _answer(self) -> None:
        self._outage, self._answered_at = None, time.time()
        self._num_server_errors = 0
        self._unanswered = None

    def _is_away(self, error: Exception) -> None:
        """Record that the server does not answer; what was to be read stays the next in turn."""
        since = self._outage.since if self._outage else self._answered_at
        self._outage = Outage(since=since, reason=str(error))
        # A copy: threads of requests add runs.
        for record in list(self._records.values()):
            record.interrupt()

    def _has_failed(self, wish: Wish, error: Exception) -> None:
        """Record that the server failed, which may concern what was asked for alone."""
        self._subject(wish).fail(str(error), time.monotonic())
        self._num_server_errors += 1
        if self._num_server_errors > 1:
            self._is_away(error)

    def _ask(self, wish: Wish, turn_s: float) -> None:
        from taskfarm_sdk import RunNotFound

        if wish.subject == LIST:
            self._list.add(self._farm.runs(give_up_after_s=0), time.monotonic())
            return
        record = self._record(wish.subject)
        try:
            _, status = self._farm.get_run_and_status(wish.subject, give_up_after_s=0)
        except RunNotFound:
            record.vanish(time.monotonic())
        else:
            if record.chunks is None:
                # Notes are written shortly after a run was created.
                record.know(self._sources.chunks(wish.subject, status.num_tasks))
            record.add(status, time.monotonic(), turn_s=turn_s)

    def _draw(self, places: Iterable[Place]) -> None:
        drawn = {place: self._drawn(place) for place in places}
        with self._news:
            is_new = any(self._parts.get(place) != found for place, found in drawn.items())
            self._parts = drawn
            self._news.notify_all()
        if is_new:
            self._tell()

    def _drawn(self, place: Place, *, look: bool = True) -> Parts:
        if place.uuid is None:
            return parts.of_list(self._list.facts(place.part, self._records), self._outage)
        record = self._record(place.uuid)
        if look:
            self._sources.look(record)
        facts = record.facts(time.monotonic(), is_away=self._outage is not None)
        return parts.of_run(facts, self._outage)
