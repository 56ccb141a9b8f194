"""The charts and the table of a run's page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from taskfarm_cli.common.text import counted
from taskfarm_cli.outcomes.chunks import noun_of, rates_of_items
from taskfarm_cli.view.facts import Failure, Picture, RunFacts
from taskfarm_cli.view.markup import Html, element, joined

if TYPE_CHECKING:
    from taskfarm_sdk.charts import Chart

_MOST_POINTS = 120
_NOT_READ = "the server did not answer, or nobody looked"


def throughput_of(facts: RunFacts) -> Html:
    """Return the throughput as it was seen here, and the whole one if there is a journal."""
    from taskfarm_sdk.charts import rates, throughput

    charts: list[Chart] = []
    noun = noun_of(facts.chunks)
    if facts.completions:
        completions = rates_of_items(list(facts.completions), facts.chunks)
        charts.append(throughput(completions, noun=noun, title="Throughput by the journal"))
    # No rate is a mean over a time in which nobody knows what happened.
    points, gaps = rates(facts.seen.points, gaps=facts.seen.gaps, most=_MOST_POINTS)
    if charts and not any(rate for _, rate in points):
        # The journal tells it all already.
        return joined(Html(chart.html) for chart in charts)
    charts.append(
        throughput(
            points,
            gaps=gaps,
            gap_meaning=_NOT_READ,
            noun=noun,
            # The server counts tasks that failed for good as done. Items are by the percentage.
            became="completed or failed for good" if facts.chunks is None else "computed",
            title="Throughput as it was seen here",
        )
    )
    return joined(Html(chart.html) for chart in charts)


def grid_of(facts: RunFacts) -> Html:
    """Return the states of the single tasks from each source."""
    from taskfarm_sdk.charts import grid

    if not facts.pictures:
        return element(
            "p",
            "The server tells counts alone. The states of single tasks come from a journal (viewTF "
            "--journal DIR), from a results folder (viewTF --results DIR), or from reading all "
            "tasks.",
        )
    return joined(
        joined(
            (
                Html(
                    grid(
                        picture.cells,
                        noun=picture.noun,
                        title=f"{picture.noun.capitalize()}s by the {picture.origin}",
                    ).html
                ),
                element("p", picture.remark, class_="quiet"),
            )
        )
        for picture in facts.pictures
    )


def failures_table(facts: RunFacts) -> Html:
    """Return the failed tasks with their messages, by source."""
    if not facts.pictures:
        return element("p", _without_sources(facts))
    return joined(map(_failures, facts.pictures))


def _without_sources(facts: RunFacts) -> str:
    if facts.status is None or facts.status.failed is None:
        return (
            "Unknown: the server does not tell failed tasks from others until the run is finished."
        )
    if facts.status.failed == 0:
        return "No task failed."
    return (
        f"{counted(facts.status.failed, 'task')} failed; which, and why, only a journal, a results "
        "folder or the tasks themselves tell."
    )


def _failures(picture: Picture) -> Html:
    if picture.num_failed is None:
        return element("p", f"Unknown by the {picture.origin}, which cannot be read.")
    many = f"{counted(picture.num_failed, picture.noun)} failed"
    heading = f"{many} by the {picture.origin}"
    if not picture.is_whole:
        heading = f"At least {heading}, as far as it was read"
    if not picture.failures:
        return element("p", f"{heading}.")
    shown = len(picture.failures)
    more = f" The first {shown} are shown." if picture.num_failed > shown else ""
    head = element("tr", *_heads(picture.noun))
    return joined(
        (
            element("p", f"{heading}.{more}"),
            element(
                "table",
                element("caption", heading, class_="unseen"),
                element("thead", head),
                element("tbody", *_rows(picture.failures)),
            ),
        )
    )


def _heads(noun: str) -> Iterable[Html]:
    names: Sequence[str] = (noun.capitalize(), "Attempts", "Message")
    return (element("th", name, scope="col") for name in names)


def _rows(failures: Iterable[Failure]) -> Iterable[Html]:
    for failure in failures:
        state = "" if failure.is_final else "(to be tried again) "
        message = "unknown" if failure.message is None else failure.message
        yield element(
            "tr",
            element("th", str(failure.number), scope="row"),
            element("td", "unknown" if failure.attempts is None else str(failure.attempts)),
            element("td", f"{state}{message}"),
        )
