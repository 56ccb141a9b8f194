"""What many open pages cost the server, and what they say while it is away."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import pairwise
from typing import Any

import pytest

from taskfarm_cli.view.schedule import EVERY_S
from taskfarm_sdk import Run
from taskfarm_sdk.testing import LocalServer
from tests.support.fault_proxy import FaultProxy
from tests.support.processes import wait_until
from tests.support.view_tf import ViewTF, seen, viewer, viewing

pytestmark = [pytest.mark.live, pytest.mark.long]
VIEWERS = 10
# Login, the list at the start, and each of two runs once before the first turn.
MOST_AT_ONCE = 5


@pytest.fixture
def proxy(taskfarm_server: LocalServer) -> Iterator[FaultProxy]:
    with FaultProxy(taskfarm_server.url) as made:
        yield made


@pytest.fixture
def view(taskfarm_server: LocalServer, proxy: FaultProxy) -> Iterator[ViewTF]:
    with viewing(taskfarm_server, url=proxy.url) as made:
        yield made


@pytest.fixture
def run(taskfarm_server: LocalServer) -> Iterator[Run]:
    with taskfarm_server.farm() as farm:
        yield farm.create_run(5)


@pytest.fixture
def other_run(taskfarm_server: LocalServer) -> Iterator[Run]:
    with taskfarm_server.farm() as farm:
        yield farm.create_run(5)


def test_all_viewers_together_cost_one_request_in_two_seconds(
    view: ViewTF, proxy: FaultProxy, run: Run, other_run: Run
) -> None:
    times: list[float] = []
    proxy.before_passing_on = lambda _: times.append(time.monotonic())
    with ExitStack() as stack:
        address = view.next_address()
        opened: list[Any] = []
        for number in range(VIEWERS):
            browser = stack.enter_context(viewer(address))
            watched = run if number % 2 else other_run
            opened.append(browser.events(f"runs/{watched.uuid}/events"))
            address = view.next_address()
        with ThreadPoolExecutor(VIEWERS) as threads:
            list(threads.map(next, opened))
            # Each viewer sees its run twice more.
            for _ in range(2):
                list(threads.map(_next_reading, opened))
        wait_until(lambda: len(times) >= MOST_AT_ONCE + 3)
    gaps = [after - before for before, after in pairwise(times)]
    assert sum(gap < EVERY_S for gap in gaps) < MOST_AT_ONCE


def _next_reading(events: Iterator[tuple[str, Any]]) -> None:
    next(data for name, data in events if name == "parts" and "read" in data)


def test_no_open_page_costs_nothing(view: ViewTF, proxy: FaultProxy, run: Run) -> None:
    with viewer(view.next_address()) as browser:
        browser.wait_for(f"runs/{run.uuid}/events", "progress", "Of 5 tasks")
    # Once the page is no longer counted as open, a turn and more passes without a request.
    quiet_since = [time.monotonic()]
    proxy.before_passing_on = lambda _: quiet_since.append(time.monotonic())
    wait_until(lambda: time.monotonic() - quiet_since[-1] > 3 * EVERY_S)


def test_a_server_that_goes_is_told_and_the_page_goes_on_when_it_is_back(
    view: ViewTF, proxy: FaultProxy, run: Run
) -> None:
    with viewer(view.next_address()) as browser:
        events = browser.events(f"runs/{run.uuid}/events")
        parts: dict[str, Any] = {}

        def wait_for(part: str, text: str) -> None:
            while text not in seen(parts.get(part, "")):
                name, data = next(events)
                parts.update(data if name == "parts" else {})

        wait_for("progress", "Of 5 tasks, 0 are done")
        reading = parts["read"]
        wait_until(lambda: not _has(events, parts, "read", reading))
        proxy.down()
        wait_for("outage", "The farm's server has not answered since")
        # What was seen last stays.
        assert "Of 5 tasks, 0 are done" in seen(parts["progress"])
        with run.worker() as worker:
            for task in worker:
                task.complete()
        proxy.up()
        wait_for("progress", "Of 5 tasks, 5 are done")
        assert parts["outage"] == ""
        wait_for("throughput", "It is unknown in 1 span")


def _has(events: Iterator[tuple[str, Any]], parts: dict[str, Any], part: str, text: str) -> bool:
    name, data = next(events)
    parts.update(data if name == "parts" else {})
    return bool(parts[part] == text)


def test_a_page_that_is_opened_while_the_server_is_away_says_so(
    view: ViewTF, proxy: FaultProxy, run: Run
) -> None:
    with viewer(view.next_address()) as browser:
        proxy.down()
        page = browser.text(f"runs/{run.uuid}")
        assert "The run's state was not read yet." in page
        browser.wait_for(f"runs/{run.uuid}/events", "outage", "has not answered since")


def test_a_viewer_that_is_killed_ends_the_events_of_open_pages(view: ViewTF, run: Run) -> None:
    import httpx

    with viewer(view.next_address()) as browser:
        events = browser.events(f"runs/{run.uuid}/events")
        assert next(events)[0] == "parts"
        view.process.kill()
        with pytest.raises(httpx.RemoteProtocolError):
            list(events)
