"""A handle of a task that no server knows, which notes how it was settled."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import attrs

from taskfarm_sdk._caught import Caught


@attrs.define
class NotingHandle:
    """Stands in for the worker's side of a `Task`.

    Attributes:
        notes: what was asked of it, in order.
        interrupted: whether a signal interrupted what is computed.
        is_ending: whether a failure is due to the end of the process.
        failed_items: the items that the attempt failed of.
    """

    number: int = 0
    run_uuid: str = "0" * 32
    attempts: int = 0
    percent: float = 0.0
    started_at: datetime.datetime = attrs.field(factory=lambda: datetime.datetime.now(datetime.UTC))
    stop_requested: bool = False
    settled: str | None = None
    is_new: bool = True
    lost_items: tuple[int, ...] = ()
    item: int | None = None
    interrupted: bool = False
    is_ending: bool = False
    failed_items: Sequence[int] = ()
    notes: list[tuple[object, ...]] = attrs.field(factory=list)

    def begin_item(self, number: int, /) -> bool:
        """Note the item that is computed, unless a stop is asked for."""
        if self.stop_requested:
            return False
        self.item = number
        return True

    def end_items(self) -> None:
        """Note that none is computed."""
        self.item = None

    def ends_soon(self) -> bool:
        """Return whether a failure is due to the end of the process."""
        return self.is_ending

    def report(self, percent: float) -> None:
        """Note how far it is."""
        self.percent = percent

    def keep(self, percent: float) -> None:
        """Note how far it is, for the next report."""
        self.percent = percent

    def complete(self) -> None:
        """Note that it is done."""
        self.notes.append(("complete",))

    def release(self) -> None:
        """Note that it is given back."""
        self.notes.append(("release",))

    def fail(
        self,
        reason: str,
        *,
        final: bool = False,
        exit_status: int | None = None,
        caught: Caught | None = None,
        advanced: bool = False,
        failed_items: Sequence[int] = (),
    ) -> None:
        """Note that the attempt failed; by which exception stands in the reason."""
        self.failed_items = failed_items
        self.notes.append(("fail", reason, final, exit_status))

    def leave(self, error: BaseException | None) -> None:
        """Note the end of its `with`."""
        self.notes.append(("leave", error))
