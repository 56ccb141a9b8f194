"""The index that readers of results use: the place of each item's result."""

from __future__ import annotations

import threading

from taskfarm_sdk._results.folder import Folder
from taskfarm_sdk._results.follower import Follower, Take
from taskfarm_sdk._results.record import Found, Outcome

NOTHING = 0


# The name of a file, and where in it a record is. A bare tuple: a million are read in seconds.
Place = tuple[str, int]


class Places:
    """Where the result of each item is, as far as the folder was read; safe among threads.

    An item's result is the success with the highest attempt; the failure, if there is none. Among
    equal attempts the last file by name counts, and in a file the last record. An item has 17 bytes
    of memory, once something of it was found.

    Args:
        folder: the results folder.
        num_items: how many items the run has.
    """

    def __init__(self, folder: Folder, num_items: int) -> None:
        self.folder = folder
        self.num_items = num_items
        self._lock = threading.Lock()
        self._table = _Table(folder, num_items)

    def read_on(self, *, again: bool = False, fresh: list[int] | None = None) -> None:
        """Read what was appended to the folder's files.

        Args:
            again: whether damaged stretches are read again; see `Follower.read_on`.
            fresh: gets the numbers of the items that it is of.

        Raises:
            ConfigurationError: the folder or a file may not be trusted.
        """
        with self._lock:
            if self._table.follower.restart_if_cut():
                # Exchanged whole: other threads go on reading the old one.
                self._table = _Table(self.folder, self.num_items)
            take: Take = self._table.take
            if fresh is not None:
                take = _noting(take, fresh, self.num_items)
            self._table.follower.read_on(take, again=again)

    def outcome(self, item: int) -> int:
        """Return how the result of an item came out; `NOTHING` without one."""
        return self._table.outcomes[item]

    def place(self, item: int) -> Place | None:
        """Return where the result of an item is; None without one."""
        table = self._table
        if table.outcomes[item] == NOTHING:
            return None
        return table.follower.files[table.files[item]], table.offsets[item]

    def having(self, *outcomes: int) -> list[int]:
        """Return the items whose results came out so."""
        # As a set of bytes: a test for each byte takes four times as long.
        wanted = bytes(outcome in outcomes for outcome in range(256))
        return [
            item
            for item, is_wanted in enumerate(self._table.outcomes.translate(wanted))
            if is_wanted
        ]

    def count(self, outcome: int) -> int:
        """Return how many items have a result that came out so."""
        return self._table.outcomes.count(outcome)


class _Table:
    """The places, filled by a follower of their own."""

    def __init__(self, folder: Folder, num_items: int) -> None:
        self.follower = Follower(folder)
        self.num_items = num_items
        self.outcomes = bytearray(num_items)
        # Not arrays: a page of these takes no memory before something is written into it.
        self.files = memoryview(bytearray(4 * num_items)).cast("I")
        self.attempts = memoryview(bytearray(4 * num_items)).cast("I")
        self.offsets = memoryview(bytearray(8 * num_items)).cast("Q")

    def take(self, file: int, records: list[Found]) -> None:
        outcomes, files, attempts, offsets = self.outcomes, self.files, self.attempts, self.offsets
        num_items = self.num_items
        for offset, item, attempt, outcome in records:
            if item >= num_items:
                continue  # of no run like this
            if outcomes[item] and not self._is_better(file, offset, item, attempt, outcome):
                continue
            # The outcome last: until then other threads see no place, or the old one.
            files[item] = file
            attempts[item] = attempt
            offsets[item] = offset
            outcomes[item] = outcome

    def _is_better(self, file: int, offset: int, item: int, attempt: int, outcome: int) -> bool:
        names = self.follower.files
        new = (outcome == Outcome.SUCCESS, attempt, names[file], offset)
        old_success = self.outcomes[item] == Outcome.SUCCESS
        return new > (old_success, self.attempts[item], names[self.files[item]], self.offsets[item])


def _noting(take: Take, fresh: list[int], num_items: int) -> Take:
    def noting(file: int, records: list[Found]) -> None:
        take(file, records)
        fresh.extend(record[1] for record in records if record[1] < num_items)

    return noting
