"""The page of viewTF in a real browser: content, live changes, what is gone, keyboard, requests."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from taskfarm_sdk import Run
from taskfarm_sdk.testing import LocalServer
from tests.support.chromium import Browser, Page
from tests.support.fault_proxy import FaultProxy
from tests.support.processes import NET_S, wait_until
from tests.support.view_tf import ViewTF, viewing

pytestmark = pytest.mark.live
PHONE = 390


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with Browser() as made:
        yield made


@pytest.fixture
def proxy(taskfarm_server: LocalServer) -> Iterator[FaultProxy]:
    with FaultProxy(taskfarm_server.url) as made:
        yield made


@pytest.fixture
def run(taskfarm_server: LocalServer) -> Iterator[Run]:
    with taskfarm_server.farm() as farm:
        yield farm.create_run(30)


@pytest.fixture
def view(taskfarm_server: LocalServer, proxy: FaultProxy, run: Run) -> Iterator[ViewTF]:
    with viewing(taskfarm_server, "--allow-actions", run.uuid, url=proxy.url) as made:
        yield made


def work(run: Run, message: str = "bad") -> None:
    """Compute all tasks but the first, which fails for good."""
    with run.worker(max_attempts=1) as worker:
        for task in worker:
            if task.number == 0:
                task.fail(message)
            else:
                task.complete()


def test_the_page_goes_on_live_and_asks_nobody_but_this_machine(
    chromium: Browser, view: ViewTF, run: Run
) -> None:
    with chromium.page() as page:
        page.go(view.next_address())
        page.wait_for("Of 30 tasks, 0 are done")
        work(run)
        page.wait_for("Of 30 tasks, 30 are done (1 of them failed)")
        wait_until(lambda: "96.7 %" in page.run("document.title"))
        asked = page.requested()
        assert any("/events" in url for url in asked)
        assert {urlsplit(url).hostname for url in asked} == {"127.0.0.1"}
        assert page.complaints() == []


def test_a_server_that_goes_a_deleted_run_and_a_killed_viewer_are_told(
    chromium: Browser, view: ViewTF, proxy: FaultProxy, run: Run
) -> None:
    with chromium.page() as page:
        page.go(view.next_address())
        page.wait_for("Of 30 tasks, 0 are done")
        proxy.down()
        page.wait_for("The farm's server has not answered since")
        proxy.up()
        wait_until(lambda: "has not answered" not in page.text)
        run.delete()
        page.wait_for("This run was deleted from the server. What is shown is from before.")
        view.process.kill()
        page.wait_for("viewTF does not answer. What is shown is from")
        assert "Of 30 tasks, 0 are done" in page.text


def test_a_run_is_deleted_with_the_keyboard_alone(
    chromium: Browser, view: ViewTF, run: Run
) -> None:
    with chromium.page() as page:
        page.go(view.next_address())
        page.wait_for("Actions")
        _press_link(page, "Delete…")
        page.wait_for("It cannot be undone")
        _press_link(page, "Delete")
        page.wait_for("The run is deleted.")
        _press_link(page, "All runs")
        page.wait_for("Runs")
        wait_until(lambda: run.uuid not in page.text)
        assert page.complaints() == []


def _press_link(page: Page, name: str) -> None:
    """Go to a link or button by the tabulator, and press it."""
    for _ in range(50):
        page.press("Tab")
        if page.run("document.activeElement.textContent.trim()") == name:
            page.press("Enter")
            return
    raise AssertionError(f"the tabulator never came to {name!r}")


@pytest.mark.parametrize("dark", [False, True])
def test_a_phone_shows_all_without_scrolling_sideways_in_light_and_dark(
    chromium: Browser, view: ViewTF, run: Run, dark: bool
) -> None:
    work(run)
    with chromium.page(PHONE, 844, dark=dark) as page:
        address = view.next_address()
        base = address.partition("enter?")[0]
        page.go(address)
        page.wait_for("Of 30 tasks, 30 are done")
        # Each has a text that the one before it lacks.
        pages = {
            f"runs/{run.uuid}/delete": "It cannot be undone",
            "": "at http://",
            f"runs/{run.uuid}": "Failed tasks",
        }
        for path, text in pages.items():
            page.go(base + path)
            page.wait_for(text)
            page.wait_for_style()
            assert page.run("document.documentElement.scrollWidth") <= PHONE
            shade = page.run("getComputedStyle(document.body).backgroundColor")
            assert shade == ("rgb(18, 22, 28)" if dark else "rgb(255, 255, 255)")


def test_a_page_that_is_not_seen_holds_no_connection(chromium: Browser, view: ViewTF) -> None:
    hide = (
        "Object.defineProperty(document, 'hidden', {{ get: () => window.unseen, "
        "configurable: true }}); window.unseen = {}; "
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    with chromium.page() as page:
        page.go(view.next_address())
        page.wait_for("Of 30 tasks")
        streams = "/events"

        def count() -> int:
            return sum(streams in url for url in page.requested())

        wait_until(lambda: count() == 1)
        page.run(hide.format("true"))
        view.process.kill()
        view.process.wait(NET_S)
        assert "does not answer" not in page.text
        page.run(hide.format("false"))
        # It listens again only now, and finds nobody.
        page.wait_for("viewTF does not answer")


def test_each_picture_has_words_and_each_page_its_landmarks(
    chromium: Browser, view: ViewTF, run: Run
) -> None:
    work(run)
    with chromium.page() as page:
        page.go(view.next_address())
        page.wait_for("Of 30 tasks, 30 are done")
        unnamed = (
            "[...document.querySelectorAll('svg:not([aria-hidden])')]"
            ".filter((svg) => !svg.getAttribute('aria-label')).length"
        )
        assert page.run(unnamed) == 0
        assert page.run("document.querySelectorAll('svg[role=img]').length") > 0
        assert page.run("document.querySelectorAll('main').length") == 1
        assert page.run("document.querySelectorAll('h1').length") == 1
        assert page.run("document.documentElement.lang") == "en"
        assert page.run("document.querySelectorAll('[role=status], [role=alert]').length") == 2


def test_axe_finds_nothing_that_is_hard_to_perceive_or_to_use(
    chromium: Browser, view: ViewTF, run: Run
) -> None:
    work(run)
    address = view.next_address()
    base = address.partition("enter?")[0]
    for dark in (False, True):
        with chromium.page(PHONE, 844, dark=dark) as page:
            page.go(address)
            page.wait_for("Of 30 tasks, 30 are done")
            assert page.violations() == []
            page.go(base)
            page.wait_for("List read at")
            assert page.violations() == []
            page.go(f"{base}runs/{run.uuid}/delete")
            page.wait_for("It cannot be undone")
            assert page.violations() == []
