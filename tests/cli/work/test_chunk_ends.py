"""Chunks that end early, and work that goes on: what is repeated, and that nothing is missed."""

from __future__ import annotations

import json
import random
import signal
from pathlib import Path

import httpx
import pytest

from taskfarm_cli.common.exit_status import ExitStatus
from taskfarm_sdk import Farm, Run
from taskfarm_sdk._items.chunks import position
from tests.programs import hasty_work_tf
from tests.support import programs
from tests.support.chunked import NOTING, Chunked
from tests.support.processes import NET_S, wait_until
from tests.support.work_tf import JUMPING_WORK, NewRun, wait_until_no_command_of

pytestmark = [pytest.mark.live, pytest.mark.long, pytest.mark.usefixtures("work_folder")]

JOBS = ("-j4", "--grace-s", "60")
LOG = ("--log", "logs")
RESULTS = ("--results", "kept")
KINDS = [
    pytest.param((), id="position"),
    pytest.param(LOG, id="log"),
    pytest.param(RESULTS, id="results"),
]


def fail_all(run: Run) -> None:
    """Have all tasks fail for good, as whoever takes them back from lost workers does."""
    with run.worker(max_attempts=1, halt_after=run.num_tasks + 1) as worker:
        for task in worker:
            task.fail("its worker was lost")


@pytest.mark.long
@pytest.mark.parametrize("kept", KINDS)
def test_ten_planned_ends_at_any_moment_repeat_no_item(
    new_run: NewRun, kept: tuple[str, ...]
) -> None:
    items = Chunked(new_run(30), 1200, 40, (*JOBS, *kept))
    chance = random.Random(11)
    statuses = {
        items.interrupted(signal.SIGTERM, after=chance.randrange(1, 110)) for _ in range(10)
    }
    assert statuses == {128 + signal.SIGTERM}
    items.work()
    assert items.each_once


@pytest.mark.long
@pytest.mark.parametrize("kept", [pytest.param(LOG, id="log"), pytest.param(RESULTS, id="results")])
def test_a_kill_costs_a_folder_no_more_than_the_commands_that_ran(
    new_run: NewRun, kept: tuple[str, ...]
) -> None:
    run = new_run(20)
    items = Chunked(run, 600, 30, ("-j4", "--max-attempts", "98", *kept))
    chance = random.Random(12)
    for _ in range(5):
        items.interrupted(signal.SIGKILL, after=chance.randrange(1, 100))
    # A hand-out that was under way at a kill is known to nobody.
    run.reset()
    items.work()
    assert items.is_whole
    assert items.total() <= 600 + 5 * 4


@pytest.mark.parametrize("kept", [pytest.param(LOG, id="log"), pytest.param(RESULTS, id="results")])
def test_what_lost_workers_left_untried_is_computed_though_its_tasks_have_failed(
    new_run: NewRun, kept: tuple[str, ...]
) -> None:
    run = new_run(2)
    fail_all(run)
    items = Chunked(run, 40, 20, ("-j2", "--no-retry-failed", *kept))
    said = items.work()
    assert "2 failed tasks were killed before 40 items had been tried" in said
    assert items.each_once


def test_what_may_have_ended_each_worker_is_not_tried_for_ever(new_run: NewRun) -> None:
    run = new_run(2)
    fail_all(run)
    # As many items as attempts: at the end of each, one of them was computed.
    items = Chunked(run, 6, 3, ("-j2", "--no-retry-failed", *LOG))
    assert items.attempt().returncode == ExitStatus.TASKS_FAILED
    assert items.total() == 0


@pytest.mark.long
def test_without_a_folder_a_kill_misses_no_item_and_repeats_no_more_than_the_chunks_in_hand(
    new_run: NewRun,
) -> None:
    run = new_run(60)
    items = Chunked(run, 600, 10, ("-j4", "--max-attempts", "98"))
    chance = random.Random(13)
    for _ in range(5):
        items.interrupted(signal.SIGKILL, after=chance.randrange(1, 100))
    # A hand-out that was under way at a kill is known to nobody.
    run.reset()
    items.work()
    assert items.is_whole
    assert items.total() <= 600 + 5 * 4 * 10


def test_after_a_kill_nothing_is_repeated_that_the_last_report_told(new_run: NewRun) -> None:
    run = new_run(1)
    items = Chunked(run, 60, 60, ("-j1",))
    times = {"timeout_s": 30, "rest_s": 1, "first_beat_s": 0.3, "heartbeat_s": 0.3}
    program = items.command_line(f"{NOTING}; sleep 0.05", program=())
    with programs.running(hasty_work_tf.__file__, *program, told=times) as process:
        wait_until(lambda: run.task_info(0).percent_completed > 0, NET_S)
        process.kill()
        process.wait()
    wait_until_no_command_of(run)
    told = position(run.task_info(0).percent_completed, 60)
    assert told > 0
    items.work()
    assert items.is_whole
    assert {item for item, times in items.seen().items() if times > 1}.isdisjoint(range(told))


@pytest.mark.parametrize("kept", KINDS)
def test_another_clients_percentage_never_has_an_item_passed_over(
    new_run: NewRun, live_farm: Farm, live_login: dict[str, str], kept: tuple[str, ...]
) -> None:
    run = new_run(1)
    items = Chunked(run, 40, 40, ("-j1", *kept))
    # It ends in the sixth item, which waits for ever.
    waiting = f"{NOTING}; test {{item}} != 5 || test -e go || sleep 86399"
    login = (live_login["TASKFARM_TOKEN"], "")
    with (
        httpx.Client(base_url=live_farm.url) as client,
        items.running(waiting) as process,
    ):
        wait_until(lambda: items.total() == 6, NET_S)
        path = f"runs/{run.uuid}/tasks/0"
        other = {"percentCompleted": 37.5, "status": "computing"}
        client.put(path, json=other, auth=login).raise_for_status()
        process.kill()
        process.wait()
        wait_until_no_command_of(run)
        client.put(path, json={"status": "waiting"}, auth=login).raise_for_status()
    assert run.task_info(0).percent_completed == 37.5
    Path("go").touch()
    items.work(waiting)
    assert items.is_whole
    # The folder knows of the first five; the sixth was killed.
    assert items.total() == (40 + 1 if kept else 40 + 6)


def test_what_a_command_says_of_its_progress_moves_no_position(new_run: NewRun) -> None:
    run = new_run(1)
    items = Chunked(run, 10, 10, ("-j1", "--grace-s", "60"))
    command = (
        f"{NOTING}; echo $TASKFARM_PERCENT >> percents; echo 90 > $TASKFARM_PROGRESS_FILE; "
        "test -e go || test {item} != 2 || { until test -e told; do sleep 0.05; done; sleep 0.5; }"
    )
    with items.running(command) as process:
        wait_until(lambda: items.total() == 3, NET_S)
        Path("told").touch()
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=NET_S)
    assert position(run.task_info(0).percent_completed, 10) == 3
    Path("go").touch()
    items.work(command)
    assert items.each_once
    assert set(Path("percents").read_text().split()) == {"0"}


@pytest.mark.parametrize("kept", KINDS)
def test_it_begins_no_item_that_would_be_given_back(new_run: NewRun, kept: tuple[str, ...]) -> None:
    run = new_run(2)
    items = Chunked(run, 20, 10, ("-j1", "--stop-after-s", "86400", *kept))
    # The fourth item takes most of the day.
    command = f"{NOTING}; test {{item}} != 3 || echo 50000 > ahead"
    done = items.attempt(command, program=JUMPING_WORK)
    assert (done.returncode, "running tasks were released" in done.stderr) == (7, False)
    assert (run.status().waiting, items.total()) == (2, 4)
    Path("ahead").unlink()
    items.work()
    assert items.each_once


def test_a_chunk_is_claimed_if_one_item_fits(new_run: NewRun) -> None:
    run = new_run(3)
    items = Chunked(run, 30, 10, ("-j1", "--stop-after-s", "1000"))
    # Each item takes 40 s: a chunk 400, and after two of them there are 200 left.
    done = items.attempt(f"{NOTING}; echo $((({{item}} + 1) * 40)) > ahead", program=JUMPING_WORK)
    assert done.returncode == 7
    assert (run.status().done, items.total()) == (2, 25)


@pytest.mark.parametrize("kept", KINDS[1:])
def test_after_failed_items_only_those_are_computed_again(
    new_run: NewRun, kept: tuple[str, ...]
) -> None:
    run = new_run(3)
    items = Chunked(run, 30, 10, ("-j2", "--max-attempts", "2", *kept))
    failing = f"{NOTING}; case {{item}} in 3|17) test -e mended;; esac"
    done = items.attempt(failing)
    assert done.returncode == 5
    assert "1 of 10 items failed: 17. Item 17: exit status 1; its input: input 17" in done.stderr
    assert run.reset_failed() == 2
    Path("mended").touch()
    items.work(failing)
    assert {item: times for item, times in items.seen().items() if times > 1} == {3: 3, 17: 3}
    assert items.is_whole


def test_without_a_folder_what_follows_the_first_failed_item_is_computed_again(
    new_run: NewRun,
) -> None:
    items = Chunked(new_run(1), 10, 10, ("-j1", "--max-attempts", "2"))
    assert items.attempt(f"{NOTING}; test {{item}} != 7").returncode == 5
    assert [items.seen()[item] for item in range(10)] == [1, 1, 1, 1, 1, 1, 1, 2, 2, 2]


def test_a_killed_command_fails_its_item_alone(new_run: NewRun) -> None:
    run = new_run(2)
    items = Chunked(run, 20, 10, ("-j1", "--max-attempts", "1", "--journal", "journal"))
    done = items.attempt(f"{NOTING}; test {{item}} != 13 || kill -9 $$")
    assert done.returncode == 5
    assert "1 of 10 items failed: 13. Item 13: killed by SIGKILL" in done.stderr
    assert items.each_once
    [journal] = Path("journal").iterdir()
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    assert {line["task"]: line["failed_items"] for line in lines} == {0: [], 1: [13]}


def test_an_item_that_takes_too_long_fails_alone(new_run: NewRun) -> None:
    items = Chunked(
        new_run(1), 10, 10, ("-j1", "--max-attempts", "1", "--timeout-s", "5", "--grace-s", "0.1")
    )
    done = items.attempt(f"{NOTING}; test {{item}} != 4 || exec sleep 86399")
    assert "1 of 10 items failed: 4. Item 4: it took longer than 5 s" in done.stderr
    assert items.each_once


def test_where_everything_fails_it_soon_stops(new_run: NewRun) -> None:
    run = new_run(20)
    items = Chunked(run, 200, 10, ("-j1", "--halt-after", "3"))
    done = items.attempt(f"{NOTING}; exit 3")
    assert done.returncode == 1
    assert "3 of 10 items failed: 0, 1, 2; 7 more were not tried, because none" in done.stderr
    assert "too many failures in a row" in done.stderr
    # Three chunks of three items.
    assert items.total() == 9
