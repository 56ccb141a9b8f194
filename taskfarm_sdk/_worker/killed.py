"""Recovery of the tasks of killed workers of this host, from the files that they left."""

from __future__ import annotations

import math
import random
import threading
from contextlib import suppress
from pathlib import Path

from taskfarm_sdk._flows.killed import KilledHold, Reclaimer
from taskfarm_sdk._processes.forks import close_in_children
from taskfarm_sdk._sansio.clock import Clock
from taskfarm_sdk._session.link import Link
from taskfarm_sdk._worker import in_hand
from taskfarm_sdk._worker.in_hand import DeadFile, Place

# A live worker's beat may be under way for as long.
BEAT_TAKES_S = 1.0
# So many files of other runs does each worker look at, to remove those that hold no task: a few of
# any number, for those that hold tasks stay until somebody works on their run, or the next boot.
TIDIED_AT_A_START = 16


class KilledWorkers:
    """Takes back tasks of a run that dead processes of this boot held; safe among threads.

    Args:
        link: the connections.
        run: the run's uuid.
        num_tasks: how many tasks it has.
        place: where workers of this host note their tasks; None if they do not.
        max_attempts: after how many counted attempts a task has failed for good.
        first_beat_s: how soon a live worker sends a task's first heartbeat.
        keeps_position: whether a percentage without a lease counts as 0.
    """

    def __init__(
        self,
        link: Link,
        run: str,
        num_tasks: int,
        place: Place | None,
        max_attempts: int,
        first_beat_s: float,
        *,
        keeps_position: bool = False,
    ) -> None:
        self._link = link
        self._place = place
        self._dead: dict[Path, DeadFile] = {}
        self._looking = threading.Lock()
        self._looked_at = -math.inf
        self._reclaimer: Reclaimer[tuple[Path, int]] = Reclaimer(
            run,
            num_tasks,
            max_attempts,
            first_beat_s + BEAT_TAKES_S,
            keeps_position=keeps_position,
        )

    def is_due(self) -> bool:
        """Return whether to check again tasks that may not have been the dead workers'."""
        return bool(self._dead) and self._now() >= self._looked_at + self._reclaimer.apart_s

    def look(self, clock: Clock) -> bool:
        """Check the tasks of killed workers, and return whether any was taken back."""
        if self._place is None or not self._looking.acquire(blocking=False):
            return False
        try:
            return self._look(clock)
        finally:
            self._looking.release()

    def look_to_the_end(self, clock: Clock) -> bool:
        """Do so, and wait for the second looks; for a worker without tasks."""
        taken = self.look(clock)
        # Infinite where no task can be looked at yet.
        while not taken and 0 < (left_s := self._reclaimer.due_at() - self._now()) < math.inf:
            clock.wait(left_s)
            taken = self.look(clock)
        return taken

    def close(self) -> None:
        """Leave the tasks that were not taken back to others."""
        with self._looking:
            for file in self._dead.values():
                file.close()
            self._dead.clear()

    def _now(self) -> float:
        return self._link.session.clock.now()

    def _look(self, clock: Clock) -> bool:
        live = self._find()
        self._looked_at = self._now()
        holds = self._holds()
        for key, hold in list(holds.items()):
            if hold.number in live:
                # Handed out again since, to a worker of this host that lives.
                del holds[key]
                self._settle(key)
        taken = 0
        if holds:
            flow = self._reclaimer.round(self._link.session, holds, self._settle)
            taken = self._link.drive(flow, clock)
        for path, file in list(self._dead.items()):
            if not file.holds:
                file.remove()
                del self._dead[path]
        return taken > 0

    def _holds(self) -> dict[tuple[Path, int], KilledHold]:
        return {
            (path, record): hold
            for path, file in self._dead.items()
            for record, hold in file.holds.items()
        }

    def _settle(self, key: tuple[Path, int]) -> None:
        path, record = key
        self._reclaimer.forget(key)
        self._dead[path].settle(record)

    def _find(self) -> set[int]:
        """Lock dead workers' files, remove useless ones; return the tasks of live workers."""
        assert self._place is not None
        live: set[int] = set()
        others: list[Path] = []
        for name in in_hand.names(self._place):
            path = self._place.folder / name
            if path in self._dead:
                continue
            if self._place.is_earlier_boots(name):
                with suppress(OSError):
                    path.unlink()
            elif self._place.is_for_us(name):
                live |= self._open(path)
            elif self._place.is_this_boots(name):
                others.append(path)
        if self._looked_at == -math.inf:
            for path in random.sample(others, min(len(others), TIDIED_AT_A_START)):
                _remove_if_empty(path)
        return live

    def _open(self, path: Path) -> set[int]:
        try:
            file = DeadFile.open(path)
        except OSError:
            return set()
        if file is None:
            return in_hand.live_tasks(path)
        if file.holds:
            self._dead[path] = file
            close_in_children(file)
        else:
            file.remove()
        return set()


def _remove_if_empty(path: Path) -> None:
    with suppress(OSError):
        if (file := DeadFile.open(path)) is not None:
            file.close() if file.holds else file.remove()
