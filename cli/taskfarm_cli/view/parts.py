"""The parts of a page that change while it is looked at, as HTML by the id of their element."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from taskfarm_cli.common import bars
from taskfarm_cli.common.text import capitalized, counted
from taskfarm_cli.view.drawings import failures_table, grid_of, throughput_of
from taskfarm_cli.view.facts import ListFacts, Outage, RunFacts, RunLine, Scan
from taskfarm_cli.view.markup import Html, element, joined, text

if TYPE_CHECKING:
    from taskfarm_sdk import RunStatus

UNKNOWN = "unknown"
# Counts of the list that are older say so: those of a finished run are read every 100 s.
_OLD_S = 120.0
# Beside the parts that replace an element's content: the window's title, as plain text.
TITLE = "title"


def of_list(facts: ListFacts, outage: Outage | None) -> dict[str, str]:
    """Return the parts of the list of runs."""
    return {
        TITLE: "Runs - viewTF",
        "outage": joined((_outage(outage), _trouble_of_list(facts))),
        "runs": _runs(facts),
        "parts": _links_to_parts(facts),
        "read": _list_read_at(facts),
    }


def of_run(facts: RunFacts, outage: Outage | None) -> dict[str, str]:
    """Return the parts of a run's page."""
    return {
        TITLE: f"{_short_state(facts)} {facts.uuid[:8]} - viewTF",
        "outage": joined((_outage(outage), _trouble(facts))),
        "progress": _progress(facts),
        "throughput": throughput_of(facts),
        "scan": _scan(facts.scan),
        "tasks": grid_of(facts),
        "failures": failures_table(facts),
        "read": _read_at(facts.read_at),
    }


def _outage(outage: Outage | None) -> Html:
    if outage is None:
        return Html("")
    return _warning(
        f"The farm's server has not answered since {_utc(outage.since)}: {outage.reason}. "
        "What is shown is from before; this page goes on when it answers."
    )


def _trouble(facts: RunFacts) -> Html:
    if facts.is_gone and facts.status is None:
        return _warning("The server has no run with this UUID.")
    if facts.is_gone:
        return _warning("This run was deleted from the server. What is shown is from before.")
    return _warning(f"This run could not be read: {facts.trouble}") if facts.trouble else Html("")


def _trouble_of_list(facts: ListFacts) -> Html:
    if not facts.trouble:
        return Html("")
    return _warning(f"The list of runs could not be read: {facts.trouble}")


def _warning(said: str) -> Html:
    return element("p", said, class_="warning")


def _runs(facts: ListFacts) -> Html:
    if facts.lines is None:
        return element("p", "The list of runs was not read yet.")
    if not facts.lines:
        return element("p", "The server has no runs." if not facts.num_runs else "No more runs.")
    lines = (_line(line, listed_at=facts.read_at or 0.0) for line in facts.lines)
    return element("ul", *lines, class_="runs")


def _line(line: RunLine, *, listed_at: float) -> Html:
    from taskfarm_sdk.charts import bar

    link = element("a", element("code", line.uuid), href=f"runs/{line.uuid}")
    status = line.status
    if status is None:
        tasks = f"{counted(line.num_tasks_text, 'task')}; its state was not read yet"
        return element("li", link, element("p", tasks))
    # The sentence stands below the bar, so the bar itself needs no words.
    drawn = bar(
        waiting=status.waiting,
        computing=status.computing,
        done=status.done,
        failed=status.failed,
    )
    figure = element("div", Html(drawn.svg), class_="tf-chart small", aria_hidden="true")
    share = _share(status)
    old = Html("")
    if line.read_at is not None and listed_at - line.read_at > _OLD_S:
        old = element("span", f" (as of {_utc(line.read_at)})", class_="quiet")
    items = "" if line.items is None else f"{capitalized(str(line.items))}. "
    said = element("p", f"{share}. " if share else "", items, _counts(status), old)
    return element("li", link, figure, said)


def _share(status: RunStatus) -> str:
    """Return the percentage of what is done, or an empty text where it is unknown."""
    return bars.percent(status) if math.isfinite(status.percent_done) else ""


def _counts(status: RunStatus) -> str:
    return (
        f"{status.done} of {counted(status.num_tasks, 'task')} done (failed: {_failed(status)}), "
        f"{status.computing} computing, {status.waiting} waiting"
    )


def _links_to_parts(facts: ListFacts) -> Html:
    if facts.num_parts < 2:
        return Html("")
    here = f"Part {facts.part + 1} of {facts.num_parts} ({counted(facts.num_runs, 'run')})"
    newer = element("a", "Newer runs", href=f"?part={facts.part}") if facts.part else Html("")
    is_last = facts.part + 1 >= facts.num_parts
    older = Html("") if is_last else element("a", "Older runs", href=f"?part={facts.part + 2}")
    return joined((newer, " ", element("span", here), " ", older))


def _progress(facts: RunFacts) -> Html:
    from taskfarm_sdk.charts import bar

    status = facts.status
    if status is None:
        return element("p", "The run's state was not read yet.")
    chart = bar(
        waiting=status.waiting,
        computing=status.computing,
        done=status.done,
        failed=status.failed,
        percent=status.percent_done if math.isfinite(status.percent_done) else None,
        title="Tasks by state",
    )
    items = {} if facts.items is None else {"Items": str(facts.items).replace(" items", "")}
    numbers = {
        **items,
        "Tasks": str(status.num_tasks),
        "Done": str(status.done),
        "Failed": _failed(status),
        "Computing": str(status.computing),
        "Waiting": str(status.waiting),
        "Rate": _rate(facts),
        "Time left": _left(facts),
    }
    pairs = (
        element("div", element("dt", name), element("dd", value)) for name, value in numbers.items()
    )
    return joined((Html(chart.html), element("dl", *pairs, class_="numbers")))


def _failed(status: RunStatus) -> str:
    return UNKNOWN if status.failed is None else str(status.failed)


def _rate(facts: RunFacts) -> str:
    if facts.status is not None and facts.status.finished:
        return "none"
    return facts.rate or UNKNOWN


def _left(facts: RunFacts) -> str:
    if facts.status is not None and facts.status.finished:
        return "none"
    return facts.left.removesuffix(" left") or UNKNOWN


def _short_state(facts: RunFacts) -> str:
    if facts.is_gone:
        return "Gone:"
    if facts.status is None:
        return "Run"
    return _share(facts.status) or "Run"


def _scan(scan: Scan | None) -> Html:
    if scan is None:
        return Html("")
    so_far = f"{scan.read} of {counted(scan.num_tasks, 'task')}"
    if scan.is_running:
        return element("p", f"Reading the tasks: {so_far} so far, one request each.")
    when = f"The reading of all tasks that began at {_utc(scan.begun_at)}"
    if scan.error:
        return _warning(f"{when} ended early, after {so_far}: {scan.error}")
    return element("p", f"{when} is complete: {so_far}.")


def _list_read_at(facts: ListFacts) -> Html:
    times = [line.read_at for line in facts.lines or () if line.read_at is not None]
    if facts.read_at is None or not times:
        return _read_at(facts.read_at)
    first, last = _utc(min(times)), _utc(max(times))
    counts = f"at {first}" if first == last else f"between {first} and {last}"
    return text(f"List read at {_utc(facts.read_at)}, counts {counts}.")


def _read_at(read_at: float | None) -> Html:
    return text("Not read yet." if read_at is None else f"Read at {_utc(read_at)}.")


def _utc(time_s: float) -> str:
    from taskfarm_sdk.charts import time_text

    return f"{time_text(time_s)} UTC"
