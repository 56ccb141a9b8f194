"""`workTF --show DIR`: reads back what was kept, in the order of the items, without a server."""

from __future__ import annotations

import csv
import json
import os
import resource
import subprocess
from functools import partial
from pathlib import Path

import pytest

from taskfarm_cli.work.commands.identity import IDENTITY, Identity
from taskfarm_cli.work.commands.kept_items import index_line
from taskfarm_sdk import Farm
from taskfarm_sdk.testing import LocalServer
from tests.support.processes import NET_S
from tests.support.work_tf import WORK, WorkTF, run_work_tf

pytestmark = pytest.mark.long

COMMAND = 'echo "out $TASKFARM_ITEM"; echo "err $TASKFARM_ITEM" >&2; '
SOME_FAIL = f"{COMMAND} test $TASKFARM_ITEM != 7 -a $TASKFARM_ITEM != 11"


@pytest.fixture
def show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WorkTF:
    """Runs `workTF --show` where there is neither a server nor a login."""

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        with monkeypatch.context() as patch:
            patch.setenv("TASKFARM_URL", "http://farm.invalid/")
            patch.setenv("TASKFARM_CONFIG", str(tmp_path / "no login"))
            return run_work_tf("--show", *words)

    return run


@pytest.fixture
def kept(work_tf: WorkTF, work_folder: Path, request: pytest.FixtureRequest) -> Path:
    """What 14 items in chunks of 5 wrote, of which 7 and 11 failed."""
    folder = work_folder / "out"
    words = ("--create", "--grid", "i=0:14", "--chunk", "5", "--max-attempts", "1", "-j2")
    done = work_tf(*words, request.param, "out", "--shell", "--", SOME_FAIL)
    assert done.returncode == 5, done.stderr
    assert "2 items of 2 tasks of run" in done.stderr
    assert "failed: `workTF --show out --failed` says how" in done.stderr
    assert "12 of 14 items done; tasks: 3 of 3 done, 2 failed" in done.stderr
    return folder


both = pytest.mark.parametrize("kept", ["--log", "--results"], indirect=True)


def lines(what: str, numbers: range, mark: str = "") -> str:
    """Return the lines that items wrote."""
    return "".join(f"{mark.format(number)}{what} {number}\n" for number in numbers)


@both
@pytest.mark.live
def test_outputs_are_printed_in_the_order_of_the_items(kept: Path, show: WorkTF) -> None:
    done = show(str(kept))
    assert done.stdout == lines("out", range(14))
    said, _, last = done.stderr.rpartition("workTF: ")
    assert said == lines("err", range(14))
    assert "of 14 items, 2 failed: 7, 11" in last
    assert done.returncode == 5


@both
@pytest.mark.live
def test_a_mark_tells_whose_line_it_is(kept: Path, show: WorkTF) -> None:
    done = show(str(kept), "--tag")
    assert done.stdout == lines("out", range(14), "{}\t")
    assert done.stderr.startswith(lines("err", range(14), "{}\t"))


@both
@pytest.mark.live
def test_failed_items_are_listed_with_status_and_last_words(kept: Path, show: WorkTF) -> None:
    done = show(str(kept), "--failed")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "7\t1\terr 7\n11\t1\terr 11\n"


@both
@pytest.mark.live
def test_one_item_is_shown_and_its_status_counts(kept: Path, show: WorkTF) -> None:
    done = show(str(kept), "--item", "13")
    assert (done.returncode, done.stdout, done.stderr) == (0, "out 13\n", "err 13\n")
    done = show(str(kept), "--item", "7")
    assert (done.returncode, done.stdout) == (5, "out 7\n")
    assert "item 7 failed: exit status 1" in done.stderr
    done = show(str(kept), "--item", "14")
    assert (done.returncode, "the run has items 0 to 13" in done.stderr) == (2, True)


@both
@pytest.mark.live
def test_a_table_has_a_row_for_each_item(kept: Path, show: WorkTF, tmp_path: Path) -> None:
    done = show(str(kept), "--csv", str(tmp_path / "t.csv"))
    assert (done.returncode, done.stdout) == (5, "")
    with (tmp_path / "t.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    statuses = {str(item): "1" if item in {7, 11} else "0" for item in range(14)}
    assert {row["item"]: row["exit"] for row in rows} == statuses
    assert [row["stdout"] for row in rows] == [f"out {item}" for item in range(14)]
    assert [row["stderr"] for row in rows] == [f"err {item}" for item in range(14)]
    assert [row["i"] for row in rows] == list(map(str, range(14)))


@both
@pytest.mark.live
def test_after_work_goes_on_the_success_counts(
    kept: Path, show: WorkTF, work_tf: WorkTF, live_farm: Farm
) -> None:
    uuid = json.loads((kept / IDENTITY).read_text())["run"]
    live_farm.get_run(uuid).reset_failed()
    option = "--log" if any(kept.glob("*.log")) else "--results"
    words = ("--grid", "i=0:14", option, "out", "--shell", "--", COMMAND)
    done = work_tf(uuid, *words)
    assert done.returncode == 0, done.stderr
    shown = show(str(kept))
    assert (shown.returncode, shown.stdout) == (0, lines("out", range(14)))
    assert shown.stderr == lines("err", range(14))


def write_log(folder: Path, items: list[int], total: int | None) -> None:
    """Write a folder of `--log` as workTF does."""
    folder.mkdir()
    if total is not None:
        identity = Identity("http://farm.invalid/", "0" * 32, total, 100)
        (folder / IDENTITY).write_text(identity.to_json())
    with (folder / "h-1-ab.log").open("wb") as log, (folder / "h-1-ab.index").open("wb") as index:
        for item in items:
            at, content = log.tell(), b"out %d\n" % item
            log.write(content)
            places = ((at, len(content)), (at + len(content), 0))
            index.write(index_line(item // 100, item, 1, 0, places, ended_at=1e9))


def test_what_is_missing_is_named_and_not_a_success(show: WorkTF, tmp_path: Path) -> None:
    write_log(tmp_path / "out", [4, 0, 2], 5)
    done = show(str(tmp_path / "out"))
    assert (done.returncode, done.stdout) == (7, "out 0\nout 2\nout 4\n")
    assert "of 5 items, 2 not there, because no attempt has ended: 1, 3" in done.stderr
    done = show(str(tmp_path / "out"), "--failed")
    assert (done.returncode, done.stdout) == (7, "")
    assert show(str(tmp_path / "out"), "--item", "3").returncode == 7
    show(str(tmp_path / "out"), "--csv", str(tmp_path / "t.csv"))
    assert (tmp_path / "t.csv").read_text().splitlines()[2] == "1,,,,"


def test_folders_of_earlier_versions_are_read(show: WorkTF, tmp_path: Path) -> None:
    logs, results = tmp_path / "logs", tmp_path / "results"
    logs.mkdir()
    (logs / "host-7.log").write_bytes(b"out 1\nout 0\n")
    facts = [
        {"task": 1, "attempt": 1, "exit": 0, "stdout": [0, 6], "stderr": [6, 0]},
        {"task": 0, "attempt": 2, "exit": -9, "stdout": [6, 6], "stderr": [12, 0]},
    ]
    (logs / "host-7.index").write_text("".join(f"{json.dumps(one)}\n" for one in facts))
    for task, status in ((0, 137), (1, 0)):
        (results / str(task)).mkdir(parents=True)
        for name, text in (("stdout", f"out {task}\n"), ("stderr", ""), ("exit", f"{status}\n")):
            (results / str(task) / name).write_text(text)
    for folder in (logs, results):
        done = show(str(folder))
        assert (done.returncode, done.stdout) == (5, "out 0\nout 1\n")
        assert show(str(folder), "--failed").stdout == "0\t137\t\n"


def test_bytes_of_outputs_stay_as_they_are(show: WorkTF, tmp_path: Path) -> None:
    own = tmp_path / "out" / "0"
    own.mkdir(parents=True)
    for name, content in (("stdout", b"\xff\0\x1b[2J"), ("stderr", b""), ("exit", b"0\n")):
        (own / name).write_bytes(content)
    shown = subprocess.run(
        [*WORK, "--show", tmp_path / "out"], capture_output=True, check=True, timeout=NET_S
    )
    assert shown.stdout == b"\xff\0\x1b[2J"
    show(str(tmp_path / "out"), "--csv", str(tmp_path / "t.csv"))
    assert b"0,,0,\xff\0\x1b[2J," in (tmp_path / "t.csv").read_bytes()


@pytest.mark.parametrize("words", [["no such"], [""], ["."], ["file"]])
def test_what_holds_nothing_is_refused(
    show: WorkTF, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    Path("file").touch()
    done = show(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1


def test_a_reader_that_leaves_ends_it_quietly(show: WorkTF, tmp_path: Path) -> None:
    write_log(tmp_path / "out", list(range(3000)), 3000)
    shown = subprocess.run(
        ["sh", "-c", '"$@" | head -n 1', "sh", *WORK, "--show", str(tmp_path / "out")],
        capture_output=True,
        text=True,
        check=True,
        timeout=NET_S,
    )
    assert (shown.stdout, shown.stderr) == ("out 0\n", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_table_on_a_full_disk_is_an_error(show: WorkTF, tmp_path: Path) -> None:
    write_log(tmp_path / "out", [0], 1)
    done = show(str(tmp_path / "out"), "--csv", "/dev/full")
    assert done.returncode == 1
    assert "No space left on device" in done.stderr


@pytest.mark.slow
def test_many_items_take_little_memory(tmp_path: Path) -> None:
    write_log(tmp_path / "out", list(range(300_000)), 300_000)
    limit_bytes = 400 << 20  # of addresses, of which much is never used
    limited = partial(resource.setrlimit, resource.RLIMIT_AS, (limit_bytes, limit_bytes))
    with (tmp_path / "shown").open("wb") as file:
        subprocess.run(
            [*WORK, "--show", str(tmp_path / "out")],
            stdout=file,
            check=True,
            preexec_fn=limited,
            env={**os.environ, "MALLOC_ARENA_MAX": "1"},
        )
    assert (tmp_path / "shown").read_text() == lines("out", range(300_000))


def half(value: int) -> object:
    """Return a value of two columns, or fail."""
    if value == 3:
        raise ValueError("no\n3")
    return {"half": value / 2, "text": "a\nb"}


@pytest.fixture
def mapped(taskfarm_server: LocalServer, tmp_path: Path) -> Path:
    """The results folder of a function that fails at item 3 of 5."""
    with taskfarm_server.farm() as farm:
        farm.map(half, range(5), folder=tmp_path / "sweep", chunk=2, check=False, max_attempts=1)
    return tmp_path / "sweep"


@pytest.mark.live
def test_values_of_a_function_are_a_line_each(show: WorkTF, mapped: Path) -> None:
    done = show(str(mapped), "--tag")
    values = [f"{item}\t{half(item)!r}" for item in (0, 1, 2, 4)]
    assert (done.returncode, done.stdout.splitlines()) == (5, values)
    assert "of 5 items, 1 failed: 3" in done.stderr
    assert show(str(mapped), "--failed").stdout == "3\tValueError: no 3\n"
    one, failed = show(str(mapped), "--item", "4"), show(str(mapped), "--item", "3")
    assert (one.returncode, one.stdout) == (0, f"{half(4)!r}\n")
    assert (failed.returncode, failed.stdout) == (5, "")
    assert "item 3 has no value: ValueError: no 3" in failed.stderr
    assert show(str(mapped), "--item", "5").returncode == 2


@pytest.mark.live
def test_values_of_a_function_are_a_table(show: WorkTF, mapped: Path, tmp_path: Path) -> None:
    done = show(str(mapped), "--csv", str(tmp_path / "t.csv"))
    assert done.returncode == 5
    with (tmp_path / "t.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["item"], row["half"]) for row in rows] == [
        *(("0", "0.0"), ("1", "0.5"), ("2", "1.0"), ("3", ""), ("4", "2.0")),
    ]


@pytest.mark.live
def test_a_results_folder_that_others_can_write_is_refused(show: WorkTF, mapped: Path) -> None:
    mapped.chmod(0o777)
    done = show(str(mapped))
    assert (done.returncode, done.stdout) == (2, "")
    assert "chmod 700" in done.stderr


@pytest.mark.live
def test_values_that_were_not_computed_yet_are_missing(
    show: WorkTF, live_farm: Farm, tmp_path: Path
) -> None:
    live_farm.prepare(half, range(5), folder=tmp_path / "sweep", chunk=2)
    done = show(str(tmp_path / "sweep"))
    assert (done.returncode, done.stdout) == (7, "")
    assert "5 not there, because no attempt has ended: 0, 1, 2, 3, 4" in done.stderr
    assert show(str(tmp_path / "sweep"), "--item", "3").returncode == 7


@pytest.mark.live
def test_without_a_folder_the_last_words_are_of_tasks(work_tf: WorkTF) -> None:
    words = ("--grid", "i=0:10", "--chunk", "5", "--max-attempts", "1", "-j1", "--shell")
    done = work_tf("--create", *words, "--", "test $TASKFARM_ITEM != 7")
    assert done.returncode == 5
    assert "at least 5 of 10 items done; tasks: 2 of 2 done, 1 failed" in done.stderr
    assert "1 of 2 tasks of run" in done.stderr
    assert "1 of 5 items failed: 7" in done.stderr
