"""The folder of --results or --log: by item, one run's alone, and it decides what is open."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import attrs
import pytest

from taskfarm_cli.work.commands.kept_items import records
from taskfarm_sdk import Farm
from tests.support.chunked import NOTING, Chunked
from tests.support.processes import NET_S, wait_until
from tests.support.work_tf import WORK, NewRun, WorkTF

pytestmark = [pytest.mark.live, pytest.mark.long, pytest.mark.usefixtures("work_folder")]

BOTH = [
    pytest.param(("--log", "kept"), id="log"),
    pytest.param(("--results", "kept"), id="results"),
]
TELLING = "echo out {item}; echo err {item} >&2; test {item} != 4"


def test_results_are_kept_in_a_folder_an_item(new_run: NewRun) -> None:
    run = new_run(2)
    items = Chunked(run, 10, 5, ("-j2", "--results", "kept", "--max-attempts", "1"))
    assert items.attempt(TELLING).returncode == 5
    identity = json.loads(Path("kept/taskfarm.json").read_text())
    assert identity.pop("server").endswith("/api/")
    assert len(identity.pop("inputs_sha256")) == 64
    inputs = {"inputs": str(Path("inputs").absolute())}
    assert identity == {"run": run.uuid, "items": 10, "chunk": 5, "inputs": inputs}
    files = {str(file.relative_to("kept")): file.read_text() for file in Path("kept").glob("*/*")}
    assert files == {
        f"{item}/{name}": text
        for item in range(10)
        for name, text in (
            ("stdout", f"out {item}\n"),
            ("stderr", f"err {item}\n"),
            ("exit", f"{int(item == 4)}\n"),
        )
    }


def test_a_log_is_kept_by_item(new_run: NewRun) -> None:
    items = Chunked(new_run(2), 10, 5, ("-j2", "--log", "kept", "--max-attempts", "1"))
    assert items.attempt(TELLING).returncode == 5
    found = {record.item: record for record in records("kept")}
    assert {item: record.exit for item, record in found.items()} == {
        item: int(item == 4) for item in range(10)
    }
    for item, record in found.items():
        assert b"".join(record.stdout.blocks()) == f"out {item}\n".encode()
        assert b"".join(record.stderr.blocks()) == f"err {item}\n".encode()


def test_the_joblog_and_the_tags_are_by_item(new_run: NewRun) -> None:
    items = Chunked(new_run(2), 10, 5, ("-j1", "--joblog", "jobs", "--tag", "--max-attempts", "1"))
    done = items.attempt(TELLING)
    assert done.stdout.splitlines() == [f"{item}\tout {item}" for item in range(10)]
    rows = [line.split("\t") for line in Path("jobs").read_text().splitlines()[1:]]
    assert [(row[0], row[6]) for row in rows] == [
        (str(item + 1), str(int(item == 4))) for item in range(10)
    ]
    assert rows[7][8] == "/bin/sh -c 'echo out 7; echo err 7 >&2; test 7 != 4'"


@pytest.mark.parametrize("kept", BOTH)
def test_what_is_done_on_the_server_and_open_in_the_folder_is_computed_again(
    new_run: NewRun, kept: tuple[str, ...]
) -> None:
    run = new_run(4)
    items = Chunked(run, 20, 5, ("-j1", *kept))
    items.work()
    if "--log" in kept:
        # A crash of the machine cut the last line, which is item 19's.
        [index] = Path("kept").glob("*.index")
        index.write_bytes(index.read_bytes()[:-9])
    else:
        Path("kept/19/exit").write_text("")
    said = items.work()
    assert "kept has no success of 1 item of 1 task that the server calls done" in said
    assert {item for item, times in items.seen().items() if times == 2} == {19}
    assert items.is_whole
    assert run.status().succeeded
    assert "computed again" not in items.work()


@pytest.mark.parametrize("kept", BOTH)
def test_what_failed_in_a_finished_run_is_tried_again_unless_told_otherwise(
    new_run: NewRun, kept: tuple[str, ...]
) -> None:
    items = Chunked(new_run(2), 10, 5, ("-j1", "--max-attempts", "1", *kept))
    failing = f"{NOTING}; test {{item}} != 7 -o -e mended"
    first = items.attempt(failing)
    assert (first.returncode, "the same command tries them again" in first.stderr) == (5, True)
    left = attrs.evolve(items, words=(*items.words, "--no-retry-failed")).attempt(failing)
    assert (left.returncode, "will be tried again" in left.stderr) == (5, False)
    assert "the same command without --no-retry-failed tries them again" in left.stderr
    assert items.each_once
    Path("mended").touch()
    assert "1 failed task of the finished run will be tried again" in items.work(failing)
    assert items.seen() == Counter([*range(10), 7])


def test_who_finishes_a_run_says_what_its_own_folder_lacks(new_run: NewRun) -> None:
    run = new_run(4)
    here, there = (Chunked(run, 20, 5, ("-j1", "--log", name)) for name in ("here", "there"))
    waiting = f"{NOTING}; test {{item}} != 0 || until test -e go; do sleep 0.05; done"
    mine = attrs.evolve(here, words=(*here.words, "--batch")).started(waiting)
    wait_until(lambda: here.total() == 1, NET_S)
    others = attrs.evolve(there, words=(*there.words, "--no-linger")).attempt()
    assert others.returncode == 0, others.stderr
    Path("go").touch()
    _, said = mine.communicate(timeout=NET_S)
    assert mine.returncode == 1
    assert "here has no success of 15 items, though the server calls all tasks done" in said
    assert "here has no success of 15 items of 3 tasks that the server calls done" in here.work()
    assert len({record.item for record in records("here") if record.exit == 0}) == 20


def test_the_folder_tells_the_items_where_nothing_else_does(
    work_tf: WorkTF, new_run: NewRun
) -> None:
    run = new_run(2)
    items = Chunked(run, 10, 5, ("-j1", "--log", "kept", "--max-tasks", "1"))
    assert items.attempt().returncode == 7
    own = (run.uuid, "-j1", "--log", "kept")
    none = work_tf(*own, "--", "echo", "{item}")
    assert (none.returncode, none.stdout) == (2, "")
    assert "holds the output of 10 items in chunks of 5" in none.stderr
    inputs = Path("inputs").read_text()
    Path("inputs").write_text(inputs.replace("input 7", "input x"))
    changed = work_tf(*own, "--inputs", "inputs", "--dry-run", "--", "echo", "{item}")
    assert (changed.returncode, changed.stdout) == (2, "")
    assert "kept holds the output of other inputs than these" in changed.stderr
    Path("inputs").write_text(inputs)
    done = work_tf(*own, "--inputs", "inputs", "--shell", "--", NOTING)
    assert done.returncode == 0, done.stderr
    assert items.each_once


@pytest.mark.parametrize("kept", BOTH)
def test_tasks_that_are_reset_compute_nothing_that_the_folder_has(
    new_run: NewRun, kept: tuple[str, ...]
) -> None:
    run = new_run(4)
    items = Chunked(run, 20, 5, ("-j1", *kept))
    items.work()
    run.reset_all()
    items.work()
    assert items.each_once


def test_two_that_begin_at_once_share_a_new_folder(new_run: NewRun) -> None:
    items = Chunked(new_run(8), 80, 10, ("-j1", "--log", "kept", "--linger"))
    started = [items.started() for _ in range(3)]
    for process in started:
        process.communicate(timeout=60)
    assert [process.returncode for process in started] == [0, 0, 0]
    assert items.each_once
    assert len(list(Path("kept").glob("*.log"))) == 3


@pytest.mark.parametrize("kept", BOTH)
def test_another_runs_folder_is_refused_and_nothing_is_claimed(
    new_run: NewRun, kept: tuple[str, ...]
) -> None:
    first, second = new_run(2), new_run(2)
    Chunked(first, 10, 5, kept).work()
    done = Chunked(second, 10, 5, kept).attempt()
    assert done.returncode == 2
    assert f"kept holds the output of run {first.uuid}, not of {second.uuid}" in done.stderr
    assert second.status().rows == 0


@pytest.mark.parametrize("kept", BOTH)
def test_for_a_new_run_another_runs_folder_is_refused_before_the_run_is_created(
    work_tf: WorkTF, new_run: NewRun, live_farm: Farm, kept: tuple[str, ...]
) -> None:
    first = new_run(2)
    Chunked(first, 10, 5, kept).work()
    before = len(list(live_farm.runs()))
    done = work_tf("--create", "--inputs", "inputs", *kept, "--", "true")
    assert (done.returncode, len(list(live_farm.runs()))) == (2, before)
    assert f"kept holds the output of run {first.uuid}: give that UUID in place of" in done.stderr


@pytest.mark.parametrize("kept", BOTH)
def test_a_folder_of_an_earlier_release_is_refused_for_chunks_and_used_for_tasks(
    new_run: NewRun, kept: tuple[str, ...]
) -> None:
    plain = Chunked(new_run(10), 10, 1, kept)
    plain.work()
    identity = Path("kept/taskfarm.json")
    identity.unlink()
    run = new_run(2)
    done = Chunked(run, 10, 5, kept).attempt()
    assert (done.returncode, run.status().rows) == (2, 0)
    assert "kept holds output, and no taskfarm.json that says of which run" in done.stderr
    plain.work()
    assert json.loads(identity.read_text())["run"] == plain.run.uuid


def test_a_damaged_description_is_refused_with_the_way_out(new_run: NewRun) -> None:
    items = Chunked(new_run(2), 10, 5, ("--log", "kept"))
    Path("kept").mkdir()
    Path("kept/taskfarm.json").write_text('{"server"')
    done = items.attempt()
    assert (done.returncode, "taskfarm.json is damaged" in done.stderr) == (2, True)


def test_over_100_000_results_are_refused_before_the_run_is_created(
    work_tf: WorkTF, live_farm: Farm
) -> None:
    before = len(list(live_farm.runs()))
    grid = ("--create", "--grid", "i=0:100001", "--chunk", "1000")
    done = work_tf(*grid, "--results", "kept", "--", "echo", "{i}")
    assert (done.returncode, "use --log" in done.stderr) == (2, True)
    assert len(list(live_farm.runs())) == before


def test_a_full_disk_fails_the_attempt_names_the_file_and_keeps_what_is_whole(
    new_run: NewRun,
) -> None:
    run = new_run(2)
    items = Chunked(run, 80, 40, ("-j1", "--log", "kept", "--max-attempts", "1"))
    command = f"{NOTING}; head -c 5000 /dev/zero"
    # No file grows over 128 KiB, as if the disk was full.
    done = items.attempt(command, program=("sh", "-c", 'ulimit -f 256; exec "$0" "$@"', *WORK))
    assert done.returncode == 5
    [log] = Path("kept").glob("*.log")
    assert f"its output could not be kept ({log}: File too large)" in done.stderr
    whole = {record.item for record in records("kept")}
    assert len(whole) == 26
    assert run.reset_failed() == 2
    items.work(command)
    twice = {item for item, times in items.seen().items() if times > 1}
    assert twice.isdisjoint(whole)
    assert items.is_whole
