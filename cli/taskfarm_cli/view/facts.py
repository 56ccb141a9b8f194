"""Facts about a server and its runs, as the page shows them: frozen, made by the observer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import attrs

from taskfarm_cli.view.history import Seen

if TYPE_CHECKING:
    from taskfarm_sdk import RunStatus
    from taskfarm_sdk._items.chunks import Chunks
    from taskfarm_sdk._items.counts import ItemCount
    from taskfarm_sdk.charts import Cell

# So many failures are shown with their messages; their number is always told.
MOST_FAILURES = 200
MOST_MESSAGE = 500

Origin = Literal["journal", "results folder", "scan"]
State = Literal["waiting", "computing", "done", "failed", "unknown"]
_NOTHING_SEEN = Seen()


@attrs.frozen(kw_only=True)
class Outage:
    """A time in which the farm's server does not answer.

    Attributes:
        since: when it answered last, or was first asked, in seconds since 1970.
        reason: the last error.
    """

    since: float
    reason: str


@attrs.frozen(kw_only=True)
class Failure:
    """A task or item whose last attempt failed.

    Attributes:
        number: its number.
        attempts: how many attempts were counted; None where that is not known.
        message: why the last one failed; None where that is not known.
        is_final: whether it has failed for good.
    """

    number: int
    attempts: int | None
    message: str | None
    is_final: bool = True


@attrs.frozen(kw_only=True)
class Picture:
    """The states of the single tasks or items of a run, from one source.

    Attributes:
        origin: where they come from.
        noun: "task" or "item".
        cells: the grid's cells.
        failures: the failed ones, by number, at most `MOST_FAILURES`.
        num_failed: how many have failed; None if that is unknown.
        is_whole: whether all of the source was read; else more may have failed.
        remark: what is to be known about the source.
    """

    origin: Origin
    noun: str
    cells: tuple[Cell, ...]
    failures: tuple[Failure, ...]
    num_failed: int | None
    is_whole: bool = True
    remark: str = ""


@attrs.frozen(kw_only=True)
class Scan:
    """The reading of all tasks of a run, which a reader asked for.

    Attributes:
        read: how many tasks were read.
        num_tasks: how many there are.
        is_running: whether it goes on.
        error: what ended it early, or an empty text.
        begun_at: when it began, in seconds since 1970.
    """

    read: int
    num_tasks: int
    is_running: bool
    error: str = ""
    begun_at: float = 0.0


@attrs.frozen(kw_only=True)
class RunFacts:
    """What is known of a run.

    Attributes:
        uuid: the run's UUID.
        status: its last status; None before the first.
        read_at: when that was read, in seconds since 1970.
        rate: the rate by the recent completions; empty while that is unknown, as in an outage.
        left: the time left by them; empty while that is unknown.
        seen: its course, as far as it was watched.
        is_gone: whether the server has no such run: it was deleted, or never existed.
        trouble: why it could not be read, although the server answers; or an empty text.
        pictures: the states of its tasks.
        scan: the reading of all its tasks; None if nobody asked for it.
        completions: completed tasks over time by the journal, as points of a chart; empty without
            one.
        chunks: the items of each task, which are counted then; None where each is one, or that is
            unknown.
        items: how many items have results; None without chunks.
    """

    uuid: str
    status: RunStatus | None = None
    read_at: float | None = None
    rate: str = ""
    left: str = ""
    seen: Seen = _NOTHING_SEEN
    is_gone: bool = False
    trouble: str = ""
    pictures: tuple[Picture, ...] = ()
    scan: Scan | None = None
    completions: tuple[tuple[float, float], ...] = ()
    chunks: Chunks | None = None
    items: ItemCount | None = None


@attrs.frozen(kw_only=True)
class RunLine:
    """A run in the list.

    Attributes:
        uuid: the run's UUID.
        num_tasks_text: its number of tasks, as the server stores it.
        status: its last status; None before the first.
        read_at: when that was read, in seconds since 1970.
        items: how many items have results; None where each task is one, or that is unknown.
    """

    uuid: str
    num_tasks_text: str
    status: RunStatus | None
    read_at: float | None = None
    items: ItemCount | None = None


@attrs.frozen(kw_only=True)
class ListFacts:
    """What is known of a part of the server's runs.

    Attributes:
        lines: the runs of this part, newest first; None before the first answer.
        num_runs: how many runs the server has.
        part: the part's number, from 0.
        num_parts: how many parts there are.
        read_at: when the list was read, in seconds since 1970.
        trouble: why it could not be read, although the server answers; or an empty text.
    """

    lines: tuple[RunLine, ...] | None = None
    num_runs: int = 0
    part: int = 0
    num_parts: int = 1
    read_at: float | None = None
    trouble: str = ""
