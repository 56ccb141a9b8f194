"""The sections of a report: charts and tables with what is known of a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from taskfarm_cli.common.text import capitalized, counted
from taskfarm_cli.outcomes.chunks import noun_of, rates_of_items
from taskfarm_cli.outcomes.states import difference
from taskfarm_cli.report.causes import Causes, cause_of
from taskfarm_cli.report.hosts import MOST_ROWS
from taskfarm_cli.report.markup import (
    MOST_NAME_BYTES,
    clipped,
    details,
    paragraph,
    section,
    table,
)
from taskfarm_sdk import charts
from taskfarm_sdk._items.counts import items_done

if TYPE_CHECKING:
    from taskfarm_cli.outcomes.attempt import Attempt
    from taskfarm_cli.outcomes.item_facts import ItemFact
    from taskfarm_cli.outcomes.journal import JournalReader
    from taskfarm_cli.report.facts import JournalFacts
    from taskfarm_cli.report.items import ItemFacts
    from taskfarm_cli.report.scan import TaskFacts
    from taskfarm_sdk import RunStatus
    from taskfarm_sdk._items.chunks import Chunks

MOST_CELLS = 1000
_MOST_CAUSES = 20
_MOST_ITEMS_NAMED = 10
_MOST_OTHERS = 100
_FAILED_HEADS = ("task", "message", "attempt", "host", "process", "ended")


def of_server(status: RunStatus, chunks: Chunks | None = None) -> str:
    """Return what the server tells: the counts, and how many items these mean, if that is known."""
    items = items_done(chunks, status)
    failed = "unknown until the run is finished" if not status.finished else "unknown"
    chart = charts.bar(
        waiting=status.waiting,
        computing=status.computing,
        done=status.done,
        failed=status.failed,
        percent=status.percent_done,
    )
    counts = table(
        "Tasks by state",
        ("state", "tasks"),
        (
            ("waiting", status.waiting),
            ("computing", status.computing),
            ("done, with those that failed", status.done),
            ("of these failed", failed if status.failed is None else status.failed),
        ),
    )
    said = "" if items is None else paragraph(f"{capitalized(str(items))}.")
    return section("Now, by the server", chart.html, said, counts)


def of_journal(
    facts: JournalFacts, reader: JournalReader, status: RunStatus, chunks: Chunks | None = None
) -> str:
    """Return what a journal tells of a run."""
    source = section("Journal", *_source(facts, reader, status))
    if not facts.attempts:
        return source
    return "".join(
        (
            section("When", _when(facts, chunks)),
            section("Who", *_who(facts)),
            section("How long", *_how_long(facts)),
            section("Tasks", _grid(facts, status)),
            section("Attempts", *_attempts(facts)),
            section("Failures", *_failures(facts)),
            source,
        )
    )


def without_journal(why: str) -> str:
    """Return what stands in the place of a journal."""
    return section("Journal", paragraph(why))


def of_items(facts: ItemFacts) -> str:
    """Return what a results folder tells of the items of a run."""
    said = (
        f"Of {counted(f'{facts.num_items:,}', 'item')}, {facts.done:,} succeeded, "
        f"{facts.failed:,} failed and {facts.missing:,} have no result so far."
    )
    cells = facts.cells(MOST_CELLS)
    grid = charts.grid(cells, noun="item", unknown="no result so far", title="Items")
    return section(
        "Items",
        paragraph(said),
        # What workTF keeps tells no durations.
        charts.durations(facts.durations_s, noun="items").html if facts.durations_s else "",
        grid.html if cells else "",
        table(
            "Slowest items",
            ("item", "value of the item", "took", "attempts"),
            (
                (
                    str(fact.number),
                    clipped(fact.text, MOST_NAME_BYTES),
                    charts.duration_text(fact.took_s),
                    _attempts_at(fact),
                )
                for fact in facts.slowest()
            ),
        ),
        _by_attempt("Items that succeeded, by attempts", "items", facts.done_by_attempts),
        _causes("Failures of items by cause, an example of each", facts.causes, "items"),
        _failed_items(facts),
    )


def _failed_items(facts: ItemFacts) -> str:
    has_texts = any(fact.text for fact in facts.failures)
    return table(
        _first_of("Failed items", len(facts.failures), facts.failed),
        ("item", *(("value of the item",) if has_texts else ()), "message", "attempts"),
        (
            (
                str(fact.number),
                *((clipped(fact.text, MOST_NAME_BYTES),) if has_texts else ()),
                cause_of(fact.message),
                _attempts_at(fact),
            )
            for fact in facts.failures
        ),
        empty="No item failed.",
    )


def _attempts_at(fact: ItemFact) -> str:
    return "unknown" if fact.attempts is None else f"{fact.attempts:,}"


def of_tasks(facts: TaskFacts) -> str:
    """Return what reading each task from the server told."""
    attempts = table(
        "Tasks by counted attempts",
        ("attempts", "tasks"),
        ((str(number), count) for number, count in sorted(facts.attempts.items())),
    )
    failed = table(
        _first_of("Failed tasks", len(facts.failed), facts.num_failed),
        ("task", "attempts"),
        ((str(task), attempts) for task, attempts in facts.failed),
        empty="No task has failed.",
    )
    return section("Tasks, read from the server", charts.grid(facts.cells).html, attempts, failed)


def _source(facts: JournalFacts, reader: JournalReader, status: RunStatus) -> Iterable[str]:
    said = f"The journal holds {counted(f'{reader.read:,}', 'attempt')} of this run."
    if reader.read:
        begin, end = charts.time_text(facts.begin_s), charts.time_text(facts.end_s)
        said += f" The first began at {begin} and the last ended at {end} UTC."
    yield paragraph(said)
    passed = (
        (
            reader.damaged,
            "damaged or torn line was passed over",
            "damaged or torn lines were passed over",
        ),
        (
            reader.of_other_runs,
            "line of another run was left out",
            "lines of other runs were left out",
        ),
        (reader.unreadable_files, "file could not be read", "files could not be read"),
        (
            facts.shifted,
            "attempt has times of a wrong clock, corrected by the server's",
            "attempts have times of wrong clocks, corrected by the server's",
        ),
    )
    for count, one, many in passed:
        if count:
            yield paragraph(f"{count:,} {one if count == 1 else many}.")
    if facts.states is None:
        return
    differs = difference(facts.states.settled, status.done)
    if differs:
        yield paragraph(differs)


def _when(facts: JournalFacts, chunks: Chunks | None) -> str:
    points = rates_of_items(facts.throughput(), chunks)
    return charts.throughput(points, noun=noun_of(chunks)).html


def _who(facts: JournalFacts) -> Iterable[str]:
    rows, left_out = facts.hosts.rows(facts.begin_s, facts.end_s)
    title = "Who worked when" if facts.hosts.shows_workers else "Which hosts worked when"
    yield charts.workers(
        rows, begin_s=facts.begin_s, end_s=facts.end_s, others=left_out, title=title
    ).html
    hosts = facts.hosts.hosts
    yield paragraph(
        f"{facts.hosts.num_workers} on {counted(f'{len(hosts):,}', 'host')} ended attempts."
    )
    shown = sorted(hosts, key=lambda host: -host.busy_s)[:MOST_ROWS]
    yield table(
        _first_of("Hosts, the busiest first", len(shown), len(hosts)),
        ("host", "attempts", "completed", "failed", "time together", "first began", "last ended"),
        (
            (
                clipped(host.name, MOST_NAME_BYTES),
                host.attempts,
                host.completed,
                host.failed,
                charts.duration_text(host.busy_s),
                charts.time_text(host.begin_s),
                charts.time_text(host.end_s),
            )
            for host in shown
        ),
    )


def _how_long(facts: JournalFacts) -> Iterable[str]:
    yield charts.durations(facts.durations_s, noun="completed attempts").html
    yield table(
        "Slowest completed attempts",
        ("task", "attempt", "took", "host", "process", "ended"),
        (
            (
                str(attempt.task),
                attempt.number,
                charts.duration_text(attempt.end_s - attempt.begin_s),
                clipped(attempt.host, MOST_NAME_BYTES),
                str(attempt.pid),
                charts.time_text(attempt.end_s),
            )
            for attempt in facts.slowest()
        ),
    )


def _grid(facts: JournalFacts, status: RunStatus) -> str:
    if facts.states is None:
        return paragraph(f"There is no grid of a run with {status.num_tasks:,} tasks.")
    cells = facts.states.cells(
        _open_state(facts.states.done + facts.states.failed, status), MOST_CELLS
    )
    agrees = facts.states.done + facts.states.failed == status.done
    unknown = "waiting or computing" if agrees else "unknown"
    return charts.grid(cells, unknown=unknown, title="Tasks, by the journal").html


def _open_state(settled: int, status: RunStatus) -> str:
    """Return the state of the tasks that the journal does not show as done or failed."""
    # Only if journal and server agree is it known what the others are.
    if settled != status.done or (status.waiting and status.computing):
        return "unknown"
    return "waiting" if status.waiting else "computing"


def _attempts(facts: JournalFacts) -> Iterable[str]:
    yield table(
        "Attempts by outcome",
        ("outcome", "attempts"),
        facts.outcomes.most_common(),
    )
    yield _by_attempt("Completed tasks by attempt", "tasks", facts.completed_by_attempt)


def _by_attempt(caption: str, noun: str, counts: Mapping[int, int]) -> str:
    return table(
        caption,
        ("attempt", noun),
        (
            (str(number) if number < 10 else "10 and more", count)
            for number, count in sorted(counts.items())
        ),
    )


def _failures(facts: JournalFacts) -> Iterable[str]:
    causes = _causes("Failures by cause, an example of each", facts.causes, "tasks")
    yield causes or paragraph("No attempt failed.")
    yield _failed_for_good(facts)
    yield _failed_before(facts)


def _failed_for_good(facts: JournalFacts) -> str:
    failed = facts.failed.for_good()
    total = len(failed) if facts.states is None else facts.states.failed
    has_items = any(attempt.failed_items for attempt in failed)
    return table(
        _first_of("Tasks that failed for good", len(failed), total),
        (*_FAILED_HEADS, *(("items",) if has_items else ())),
        (
            (*_failed_row(attempt), *((_named(attempt.failed_items),) if has_items else ()))
            for attempt in failed
        ),
        empty="By the journal, no task failed for good.",
    )


def _failed_before(facts: JournalFacts) -> str:
    """Return the failed attempts that the table of failed tasks does not have."""
    shown = facts.failed.others()[:_MOST_OTHERS]
    total = len(shown) if facts.states is None else facts.states.failed_before
    return table(
        _first_of("Other tasks with a failed attempt", len(shown), total),
        (*_FAILED_HEADS, "since then"),
        ((*_failed_row(attempt), _since(facts, attempt)) for attempt in shown),
        empty=f"{total:,} other tasks had a failed attempt." if total else "",
    )


def _since(facts: JournalFacts, attempt: Attempt) -> str:
    if facts.states is None:
        return "unknown"
    return "completed" if facts.states.is_done(attempt.task) else "not completed"


def _failed_row(attempt: Attempt) -> Sequence[str | int]:
    return (
        str(attempt.task),
        cause_of(attempt.message),
        attempt.number,
        clipped(attempt.host, MOST_NAME_BYTES),
        str(attempt.pid),
        charts.time_text(attempt.end_s),
    )


def _causes(caption: str, causes: Causes, noun: str) -> str:
    found = causes.most_frequent()
    left_out = causes.others + sum(cause.count for cause in found[_MOST_CAUSES:])
    more = paragraph(f"{left_out:,} more had other causes.") if left_out else ""
    shown = table(
        caption,
        ("failures", "message", noun),
        ((cause.count, cause.example, _named(cause.where)) for cause in found[:_MOST_CAUSES]),
    )
    texts = (
        details(cause.example, cause.text) for cause in found[:_MOST_CAUSES] if "\n" in cause.text
    )
    return "".join((shown, more, *texts))


def _named(numbers: Sequence[int]) -> str:
    named = ", ".join(map(str, numbers[:_MOST_ITEMS_NAMED]))
    return f"{named} …" if len(numbers) >= _MOST_ITEMS_NAMED else named


def _first_of(caption: str, shown: int, total: int) -> str:
    return caption if shown >= total else f"{caption}: {shown:,} of {total:,}"
