"""The items of a task that are computed in the worker's own process."""

from __future__ import annotations

import threading


class ItemsHere:
    """The part of a task's handle that is about its items, where nobody survives the process."""

    @property
    def stop_requested(self) -> bool:
        """Whether the worker is to stop."""
        raise NotImplementedError

    @property
    def lost_items(self) -> tuple[int, ...]:
        """None: what computes here dies with the worker."""
        return ()

    def begin_item(self, number: int, /) -> bool:  # noqa: ARG002 - nobody survives to read it
        """Return whether an item may be computed: not if the worker is to stop."""
        return not self.stop_requested

    def end_items(self) -> None:
        """Do nothing: nothing was noted."""

    @property
    def interrupted(self) -> bool:
        """Whether this is the thread that gets signals."""
        return threading.current_thread() is threading.main_thread()

    def ends_soon(self) -> bool:
        """Return False: here a failure counts, as in any `with task:`."""
        return False
