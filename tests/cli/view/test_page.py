"""The page with the real server: what browsers are let in to, and what they see and do."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from taskfarm_sdk import Farm, Run
from taskfarm_sdk.testing import LocalServer
from tests.support import command_folders
from tests.support.addresses import of_this_machine
from tests.support.processes import wait_until
from tests.support.stub_farm import StubRuns
from tests.support.stub_server import stub_server
from tests.support.view_tf import Login, Viewer, ViewTF, seen, viewer, viewing

pytestmark = pytest.mark.live


@pytest.fixture
def farm(taskfarm_server: LocalServer) -> Iterator[Farm]:
    with taskfarm_server.farm() as made:
        yield made


@pytest.fixture
def run(farm: Farm) -> Run:
    return farm.create_run(5)


@pytest.fixture(scope="module")
def view(
    taskfarm_server: LocalServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ViewTF]:
    """A viewTF for all tests that do not end it: its next address is there when a test begins."""
    logins = str(tmp_path_factory.mktemp("config"))
    with viewing(taskfarm_server, "--allow-actions", TASKFARM_CONFIG=logins) as made:
        yield made


@pytest.fixture
def own_view(taskfarm_server: LocalServer) -> Iterator[ViewTF]:
    """A viewTF that a test may end."""
    with viewing(taskfarm_server) as made:
        yield made


@pytest.fixture
def browser(view: ViewTF) -> Iterator[Viewer]:
    with viewer(view.next_address()) as made:
        yield made


def work(run: Run, *failed: int, message: str = "bad", journal: Path | None = None) -> None:
    """Compute all tasks; some fail for good."""
    with run.worker(journal=journal, max_attempts=1, halt_after=1000) as worker:
        for task in worker:
            if task.number in failed:
                task.fail(message)
            else:
                task.complete()


def test_an_address_lets_one_browser_in_and_the_next_one_is_printed(view: ViewTF) -> None:
    address = view.next_address()
    with viewer(address) as browser:
        assert "Runs" in browser.text("")
        again = httpx.get(address)
        assert again.status_code == 403
        assert "used before" in again.text
        # It is in already.
        assert browser.client.get(address).status_code == 200
        with viewer(view.next_address()) as other:
            assert "Runs" in other.text("")


def test_without_the_cookie_nothing_is_shown(browser: Viewer, run: Run) -> None:
    name, value = next(iter(browser.client.cookies.items()))
    paths = ("", "events", f"runs/{run.uuid}", f"runs/{run.uuid}/events", f"runs/{run.uuid}/delete")
    for path in paths:
        for cookies in ({}, {name: value[:-1]}, {"viewtf-1": value}, {name: ""}):
            with httpx.Client(cookies=cookies) as client:
                reply = client.get(browser.base + path)
            assert reply.status_code == 403
            assert run.uuid not in reply.text.replace(f"/runs/{run.uuid}", "")


def test_the_cookie_is_set_as_the_rules_say(view: ViewTF) -> None:
    address = view.next_address()
    place = address.split("/")[3]
    cookie = httpx.get(address).headers["set-cookie"]
    assert cookie.endswith(f"; Path=/{place}/; HttpOnly; SameSite=Strict")


@pytest.mark.parametrize("host", ["evil.invalid", "localhost.evil.invalid:80", "10.0.0.1"])
def test_an_unknown_host_is_refused_even_with_the_cookie(browser: Viewer, host: str) -> None:
    reply = browser.get("", host=host)
    assert reply.status_code == 421
    assert "Runs" not in reply.text


@pytest.mark.parametrize("origin", ["http://evil.invalid", "null", "http://127.0.0.1:1"])
def test_a_foreign_origin_is_refused_even_with_cookie_and_secret(
    browser: Viewer, run: Run, origin: str
) -> None:
    path = f"runs/{run.uuid}/delete"
    secret = browser.secret(path)
    events = f"runs/{run.uuid}/events"
    with browser.client.stream("GET", events, headers={"origin": origin}) as reply:
        assert reply.status_code == 403
    assert browser.post(path, secret=secret, origin=origin).status_code == 403
    assert browser.post(path, secret=secret, **{"sec-fetch-site": "same-site"}).status_code == 403
    run.status()


@pytest.mark.parametrize("secret", [None, "", "0" * 64])
def test_an_action_without_the_secret_of_the_page_is_refused(
    browser: Viewer, run: Run, secret: str | None
) -> None:
    assert browser.post(f"runs/{run.uuid}/delete", secret=secret).status_code == 403
    run.status()


def test_the_secret_of_another_browser_is_refused(browser: Viewer, view: ViewTF, run: Run) -> None:
    path = f"runs/{run.uuid}/delete"
    with viewer(view.next_address()) as other:
        assert browser.post(path, secret=other.secret(path)).status_code == 403
    run.status()


def test_a_form_of_megabytes_is_refused(browser: Viewer, run: Run) -> None:
    path = f"runs/{run.uuid}/delete"
    reply = browser.post(path, secret=browser.secret(path) + "0" * 2_000_000)
    assert reply.status_code == 403
    run.status()


def test_every_answer_has_the_security_headers(browser: Viewer, run: Run) -> None:
    for path in ("", f"runs/{run.uuid}", "style.css", "page.js", "nowhere", "runs/x"):
        headers = browser.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"], path
        assert headers["cache-control"] == "no-store"
        assert "server" not in headers
    outside = httpx.get(browser.origin)
    assert outside.status_code == 404
    assert "default-src 'none'" in outside.headers["content-security-policy"]


def test_the_farms_credentials_never_reach_a_browser(
    browser: Viewer, taskfarm_server: LocalServer, farm: Farm, run: Run
) -> None:
    shown = "".join(
        browser.get(path).text
        for path in ("", f"runs/{run.uuid}", f"runs/{run.uuid}/delete", "page.js")
    )
    for _, data in browser.events(f"runs/{run.uuid}/events"):
        shown += json.dumps(data)
        break
    assert run.uuid in shown
    assert taskfarm_server.password not in shown
    assert farm.login() not in shown


def test_the_list_shows_each_run_with_its_state(browser: Viewer, farm: Farm, run: Run) -> None:
    work(run, 2)
    other = farm.create_run(7)
    first = f"{other.uuid} 0.0 %. 0 of 7 tasks done (failed: unknown), 0 computing, 7 waiting"
    second = f"{run.uuid} 80.0 %. 5 of 5 tasks done (failed: 1), 0 computing, 0 waiting"
    browser.wait_for("events", "runs", first)
    shown = browser.wait_for("events", "runs", second)
    assert shown.index(other.uuid) < shown.index(run.uuid)


def test_a_hundred_runs_are_shown_in_parts_newest_first() -> None:
    made = [f"{number:032x}" for number in range(100)]
    with (
        stub_server(StubRuns(made).reply) as server,
        viewing(Login(server.url)) as view,
        viewer(view.next_address()) as browser,
    ):
        first = browser.wait_for_text("", "Part 1 of 5 (100 runs)")
        second = browser.text("?part=2")
        asked = [request.path.rpartition("/")[2] for request in server.requests]
    assert [uuid for uuid in reversed(made) if uuid in first] == made[:-21:-1]
    assert [uuid for uuid in reversed(made) if uuid in second] == made[-21:-41:-1]
    # Nothing is read that nobody sees.
    assert not set(asked) & set(made[:-40])


def test_the_page_of_a_run_goes_on_while_it_is_worked_on(browser: Viewer, run: Run) -> None:
    path = f"runs/{run.uuid}"
    browser.wait_for_text(path, "Of 5 tasks, 0 are done")
    seen_first = False
    for name, data in browser.events(f"{path}/events"):
        if name != "parts" or "progress" not in data:
            continue
        if not seen_first:
            seen_first = True
            work(run)
        elif "Of 5 tasks, 5 are done (0 of them failed)" in data["progress"]:
            break
    assert seen_first


def test_a_browser_without_scripts_sees_the_run_and_can_reset_it(browser: Viewer, run: Run) -> None:
    work(run, 0)
    browser.wait_for_text(f"runs/{run.uuid}", "Done 5 Failed 1")
    asked = browser.text(f"runs/{run.uuid}/reset-failed")
    assert "Reset failed tasks? Run" in asked
    assert run.status().failed == 1
    done = browser.confirm(f"runs/{run.uuid}/reset-failed")
    assert "1 failed task set waiting." in seen(done.text)
    assert run.status().waiting == 1


def test_reset_sets_waiting_what_was_not_completed(browser: Viewer, run: Run) -> None:
    with run.worker() as worker:
        task = worker.claim()
        assert task is not None
        assert run.status().computing == 1
        reply = browser.confirm(f"runs/{run.uuid}/reset")
        assert "All tasks that were not completed wait again." in seen(reply.text)
        assert run.status().computing == 0


def test_delete_removes_the_run_and_other_pages_say_that_it_is_gone(
    browser: Viewer, view: ViewTF, run: Run
) -> None:
    with viewer(view.next_address()) as other:
        other.wait_for_text(f"runs/{run.uuid}", "Of 5 tasks")
        reply = browser.confirm(f"runs/{run.uuid}/delete")
        assert "The run is deleted." in seen(reply.text)
        shown = other.wait_for(f"runs/{run.uuid}/events", "outage", "deleted")
        assert "What is shown is from before" in shown
        assert "Of 5 tasks" in other.text(f"runs/{run.uuid}")
    again = browser.confirm(f"runs/{run.uuid}/delete")
    assert again.status_code == 502
    assert "there is no run" in again.text


def test_without_allow_actions_nothing_can_be_changed(
    taskfarm_server: LocalServer, run: Run
) -> None:
    with viewing(taskfarm_server) as view, viewer(view.next_address()) as browser:
        secret = browser.secret(f"runs/{run.uuid}/scan")
        for action in ("reset", "reset-failed", "delete"):
            path = f"runs/{run.uuid}/{action}"
            assert path not in browser.get(f"runs/{run.uuid}").text
            assert browser.get(path).status_code == 403
            assert browser.post(path, secret=secret).status_code == 403
    assert run.status().waiting == 5


@pytest.mark.parametrize("path", ["runs/x", "runs/..", "nowhere", f"runs/{'a' * 32}/explode"])
def test_what_is_not_there_is_told(browser: Viewer, path: str) -> None:
    assert browser.get(path).status_code == 404


def test_a_run_that_never_was_is_told(browser: Viewer) -> None:
    browser.wait_for_text(f"runs/{'a' * 32}", "The server has no run with this UUID")


def test_a_scan_reads_all_tasks_when_a_reader_asks_for_it(browser: Viewer, run: Run) -> None:
    work(run, 1, 3)
    path = f"runs/{run.uuid}"
    assert "The server tells counts alone" in browser.text(path)
    browser.wait_for_text(f"{path}/scan", "The run has 5 tasks. That is one request each")
    assert browser.confirm(f"{path}/scan").status_code == 200
    shown = browser.wait_for(f"{path}/events", "tasks", "Of 5 tasks: 2 failed, 3 done.")
    assert "Tasks by the scan" in shown
    wait_until(lambda: "is complete: 5 of 5 tasks" in browser.text(path))
    page = browser.text(path)
    assert "2 tasks failed by the scan" in page
    assert "3 1 unknown" in page


def test_a_journal_shows_which_tasks_failed_and_why(
    taskfarm_server: LocalServer, run: Run, tmp_path: Path
) -> None:
    work(run, 1, message="<b>no</b> such\x1b[31m file", journal=tmp_path)
    with (
        viewing(taskfarm_server, "--journal", tmp_path) as view,
        viewer(view.next_address()) as browser,
    ):
        browser.wait_for(f"runs/{run.uuid}/events", "tasks", "Of 5 tasks: 1 failed, 4 done.")
        browser.wait_for_text(f"runs/{run.uuid}", "1 task failed by the journal")
        page = browser.get(f"runs/{run.uuid}").text
    assert "&lt;b&gt;no&lt;/b&gt; such\\x1b[31m file" in page
    assert "Throughput by the journal" in page


def _half(number: int) -> float:
    return 1 / (number - 2)


def test_a_results_folder_shows_which_items_failed_and_why(
    taskfarm_server: LocalServer, farm: Farm, tmp_path: Path
) -> None:
    folder = tmp_path / "sweep"
    farm.map(_half, range(5), folder=folder, chunk=1, check=False, max_attempts=1)
    order = json.loads((folder / "order.json").read_text(encoding="utf-8"))
    other = farm.create_run(3)
    with (
        viewing(taskfarm_server, "--results", folder) as view,
        viewer(view.next_address()) as browser,
    ):
        page = browser.wait_for(f"runs/{order['run_uuid']}/events", "failures", "division by zero")
        assert "1 item failed by the results folder" in page
        assert "2 1 ZeroDivisionError: division by zero" in page
        browser.wait_for_text(f"runs/{other.uuid}", "counts alone")


def test_the_folder_of_commands_shows_their_failures_as_they_come(
    taskfarm_server: LocalServer, run: Run, tmp_path: Path
) -> None:
    folder = command_folders.new_folder(tmp_path / "kept", 5, run.uuid)
    command_folders.log(folder, 4, 0)
    with (
        viewing(taskfarm_server, "--results", folder) as view,
        viewer(view.next_address()) as browser,
    ):
        events = f"runs/{run.uuid}/events"
        browser.wait_for(events, "tasks", "Of 5 items: 1 done, 4 unknown.")
        command_folders.log(folder, 2, 3, "begin\n<b>no</b> such file\n")
        browser.wait_for(events, "failures", "2 1 exit status 3: <b>no</b> such file")


def test_the_run_of_the_command_line_is_shown_first_at_each_address_of_localhost(
    taskfarm_server: LocalServer, run: Run
) -> None:
    with viewing(taskfarm_server, run.uuid[:12], "--host", "localhost") as view:
        for address in of_this_machine("127.0.0.1", "::1"):
            shown = f"[{address}]" if ":" in address else address
            page = httpx.get(view.next_address().replace("//localhost:", f"//{shown}:")).text
            assert f"/runs/{run.uuid}" in page


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_at_once_and_open_pages_are_told(
    own_view: ViewTF, run: Run, number: int
) -> None:
    with viewer(own_view.next_address()) as browser:
        events = browser.events(f"runs/{run.uuid}/events")
        assert next(events)[0] == "parts"
        assert own_view.end(number) == 0
        assert [name for name, _ in events if name not in ("parts", "beat")] == ["bye"]
    assert own_view.lines[-1] == "viewTF: ended"
    assert "Traceback" not in "".join(own_view.lines)


def test_what_it_prints_has_no_secret_but_the_addresses(
    own_view: ViewTF, taskfarm_server: LocalServer, farm: Farm
) -> None:
    with viewer(own_view.next_address()) as browser:
        browser.get("")
        cookie = next(iter(browser.client.cookies.values()))
    assert own_view.end(signal.SIGTERM) == 0
    said = "\n".join(own_view.lines)
    assert taskfarm_server.password not in said
    assert farm.login() not in said
    assert cookie not in said
