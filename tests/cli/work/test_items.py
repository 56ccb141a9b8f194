"""Inputs by column on the real server: what each command gets, and which runs they belong to."""

from __future__ import annotations

import csv
import json
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from taskfarm_sdk import Farm, Run
from tests.support.hostile_values import HOSTILE
from tests.support.processes import NET_S, wait_until
from tests.support.work_tf import WORK, NewRun, WorkTF

pytestmark = [pytest.mark.live, pytest.mark.long]

# Prints its arguments and its variables of items, as one line of JSON.
TOLD = (
    "import json, os, sys; "
    "names = ('TASKFARM_ITEM', 'TASKFARM_TASK', 'TASKFARM_INPUT'); "
    "chosen = {k: v for k, v in os.environ.items() if k in names or k.startswith('TASKFARM_IN_')}; "
    "print(json.dumps([sys.argv[1:], chosen]))"
)
TELL = (sys.executable, "-c", TOLD)
GROUPS = (":::", "A", "B", ":::", "-n", "$(touch owned)")


def told(out: str) -> list[tuple[list[str], dict[str, str]]]:
    """Return what the commands printed, in the order of their items."""
    lines = [json.loads(line) for line in out.splitlines()]
    return sorted(
        ((words, facts) for words, facts in lines), key=lambda pair: int(pair[1]["TASKFARM_ITEM"])
    )


def uuid_told(err: str) -> str:
    return err.partition("run ")[2][:32]


@pytest.fixture
def made(live_farm: Farm) -> Iterator[list[str]]:
    """UUIDs of runs that are to be gone after the test."""
    uuids: list[str] = []
    yield uuids
    for uuid in uuids:
        live_farm.get_run(uuid).delete()


@pytest.fixture
def sites(work_folder: Path) -> Path:
    """A table whose names are as hostile as they can be."""
    path = work_folder / "sites.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(
            [["lat", "name"], *([str(n), value] for n, value in enumerate(HOSTILE))]
        )
    return path


def test_each_row_of_a_table_is_a_command_with_its_columns(
    work_tf: WorkTF, sites: Path, work_folder: Path, made: list[str]
) -> None:
    words = (*TELL, "--lat", "{lat}", "--name={name}", "{name}")
    done = work_tf("--create", "--csv", sites.name, "-j2", "--", *words)
    assert done.returncode == 0, done.stderr
    made.append(uuid_told(done.stderr))
    got = told(done.stdout)
    assert [words for words, _ in got] == [
        ["--lat", str(n), f"--name={value}", value] for n, value in enumerate(HOSTILE)
    ]
    for number, (_, facts) in enumerate(got):
        assert facts["TASKFARM_IN_name"] == HOSTILE[number]
        assert json.loads(facts["TASKFARM_INPUT"]) == {"lat": str(number), "name": HOSTILE[number]}
    assert not (work_folder / "owned").exists()


def test_a_shell_executes_nothing_that_a_column_contains(
    work_tf: WorkTF, sites: Path, work_folder: Path, made: list[str]
) -> None:
    line = 'printf "%s|%s\\0" "$TASKFARM_ITEM" "$TASKFARM_IN_name"'
    done = work_tf("--create", "--csv", sites.name, "-j1", "--shell", "--", line)
    assert done.returncode == 0, done.stderr
    made.append(uuid_told(done.stderr))
    assert done.stdout == "".join(f"{n}|{value}\0" for n, value in enumerate(HOSTILE))
    assert not (work_folder / "owned").exists()


def test_a_column_in_a_shells_line_is_refused_and_nothing_is_created(
    work_tf: WorkTF, sites: Path, live_farm: Farm
) -> None:
    before = len(list(live_farm.runs()))
    done = work_tf("--create", "--csv", sites.name, "--shell", "--", "echo {name}")
    assert (done.returncode, "TASKFARM_IN_name" in done.stderr) == (2, True)
    unknown = work_tf("--create", "--csv", sites.name, "--", "echo", "{height}")
    assert (unknown.returncode, "which has lat, name" in unknown.stderr) == (2, True)
    assert len(list(live_farm.runs())) == before


def test_each_combination_of_words_is_a_command_whatever_the_words_are(
    work_tf: WorkTF, work_folder: Path, made: list[str]
) -> None:
    done = work_tf("--create", "-j2", *GROUPS, "--", *TELL, "{2}", "{1}", "{}")
    assert done.returncode == 0, done.stderr
    made.append(uuid_told(done.stderr))
    assert [words for words, _ in told(done.stdout)] == [
        ["-n", "A", "A -n"],
        ["$(touch owned)", "A", "A $(touch owned)"],
        ["-n", "B", "B -n"],
        ["$(touch owned)", "B", "B $(touch owned)"],
    ]
    assert told(done.stdout)[3][1]["TASKFARM_IN_2"] == "$(touch owned)"
    assert not (work_folder / "owned").exists()


def test_files_are_inputs_by_their_names(
    work_tf: WorkTF, work_folder: Path, made: list[str]
) -> None:
    for name in ("b.nc", "-a.nc", "$(touch owned).nc"):
        (work_folder / name).touch()
    done = work_tf("--create", "--glob", "*.nc", "-j1", "--", *TELL, "{input}", "{.}")
    assert done.returncode == 0, done.stderr
    made.append(uuid_told(done.stderr))
    names = sorted(["b.nc", "-a.nc", "$(touch owned).nc"])
    assert [words for words, _ in told(done.stdout)] == [[name, name[:-3]] for name in names]
    assert not (work_folder / "owned").exists()


def test_objects_on_lines_have_columns_and_awks_braces_stay(
    work_tf: WorkTF, made: list[str]
) -> None:
    objects = [{"lat": 1.5, "name": "$(touch owned)"}, {"lat": -2, "name": "'b'"}]
    lines = "".join(json.dumps(each) + "\n" for each in objects)
    words = ("--create", "--inputs", "-", "-j1", "--", *TELL, "{name}", "{lat}", "{print}")
    done = work_tf(*words, stdin=lines)
    assert done.returncode == 0, done.stderr
    made.append(uuid_told(done.stderr))
    got = told(done.stdout)
    assert [words for words, _ in got] == [
        ["$(touch owned)", "1.5", "{print}"],
        ["'b'", "-2", "{print}"],
    ]
    assert got[1][1]["TASKFARM_INPUT"] == lines.splitlines()[1]


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(["--grid", "n=0:25"], id="grid"),
        pytest.param(["--inputs", "lines"], id="lines"),
        pytest.param([":::", *map(str, range(25))], id="words"),
    ],
)
def test_each_item_of_a_chunk_is_a_command(
    work_tf: WorkTF, work_folder: Path, live_farm: Farm, made: list[str], source: list[str]
) -> None:
    (work_folder / "lines").write_text("".join(f"{n}\n" for n in range(25)))
    place = "{n}" if "--grid" in source else "{}"
    done = work_tf("--create", "--chunk", "10", "-j2", *source, "--", *TELL, place, "{item}", "{#}")
    assert done.returncode == 0, done.stderr
    made.append(uuid_told(done.stderr))
    assert f"run {made[0]}: 25 items in 3 tasks" in done.stderr
    assert live_farm.get_run(made[0]).num_tasks == 3
    got = told(done.stdout)
    assert [words for words, _ in got] == [[str(n), str(n), str(n + 1)] for n in range(25)]
    # 25 items in 3 tasks are 9, 9 and 7.
    assert [facts["TASKFARM_TASK"] for _, facts in got] == ["0"] * 9 + ["1"] * 9 + ["2"] * 7


@pytest.fixture
def begun(work_tf: WorkTF, made: list[str]) -> tuple[str, Sequence[str]]:
    """A run of 12 items in 3 tasks, of which one is done, and its inputs' words."""
    source = ("--grid", "n=0:12")
    words = ("--create", "--chunk", "4", "--max-tasks", "1", "-j1", *source)
    done = work_tf(*words, "--", "echo", "{n}")
    assert done.returncode == 7, done.stderr
    made.append(uuid_told(done.stderr))
    return made[0], source


def test_the_manifest_tells_the_chunk_of_a_run(
    work_tf: WorkTF, begun: tuple[str, Sequence[str]], work_folder: Path
) -> None:
    uuid, source = begun
    kept = json.loads((work_folder / f"taskfarm-{uuid}.json").read_text())
    assert (kept["num_tasks"], kept["items"], kept["chunk"]) == (3, 12, 4)
    done = work_tf(uuid, "-j1", *source, "--", "echo", "{n}")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.split()) == 8


def test_where_nothing_tells_the_chunk_it_is_asked_for(
    work_tf: WorkTF,
    begun: tuple[str, Sequence[str]],
    work_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    uuid, source = begun
    (work_folder / f"taskfarm-{uuid}.json").unlink()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "another state"))
    none = work_tf(uuid, *source, "--", "echo", "{n}")
    assert (none.returncode, none.stdout) == (2, "")
    assert "has 3 tasks, and there are 12 inputs: is it the right file?" in none.stderr
    assert "If each task has several, give --chunk too" in none.stderr
    wrong = work_tf(uuid, "--chunk", "5000", *source, "--", "echo", "{n}")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "12 inputs with --chunk 5000 are 1" in wrong.stderr
    done = work_tf(uuid, "--chunk", "4", "-j1", *source, "--", "echo", "{n}")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.split()) == 8


def test_no_task_is_taken_for_an_item_where_nothing_tells_that_it_is_one(
    work_tf: WorkTF,
    begun: tuple[str, Sequence[str]],
    live_farm: Farm,
    work_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    uuid, _ = begun
    (work_folder / f"taskfarm-{uuid}.json").unlink()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "another state"))
    for word in ("{item}", "{}", "{#}", "TASKFARM_ITEM"):
        done = work_tf(uuid, "--", "echo", f"${word}")
        assert (done.returncode, done.stdout) == (2, "")
        assert f"the command contains {word}, which stands for an item" in done.stderr
        assert f"a task of run {uuid} is one item or several" in done.stderr
    assert live_farm.get_run(uuid).status().waiting == 2
    done = work_tf(uuid, "-j1", "--max-tasks", "1", "--", "env")
    assert "TASKFARM_TASK=" in done.stdout, done.stderr
    assert "TASKFARM_ITEM=" not in done.stdout


def test_without_inputs_a_chunk_of_1_tells_that_each_task_is_an_item(
    work_tf: WorkTF, new_run: NewRun
) -> None:
    done = work_tf(new_run(3).uuid, "--chunk", "1", "-j1", "--", "echo", "{item}", "{}")
    assert (done.returncode, done.stdout) == (0, "0 0\n1 1\n2 2\n"), done.stderr


@pytest.mark.parametrize(
    "other", [("--grid", "n=1:13"), ("--grid", "m=0:12"), (":::", *map(str, range(12)))]
)
def test_other_items_than_the_runs_are_refused(
    work_tf: WorkTF, begun: tuple[str, Sequence[str]], live_farm: Farm, other: Sequence[str]
) -> None:
    uuid, _ = begun
    done = work_tf(uuid, *other, "--", "echo", "{item}")
    assert (done.returncode, done.stdout) == (2, "")
    assert "these inputs are not those of run" in done.stderr
    assert live_farm.get_run(uuid).status().waiting == 2


def test_the_same_work_is_not_created_again_with_another_chunk(
    work_tf: WorkTF, begun: tuple[str, Sequence[str]]
) -> None:
    uuid, source = begun
    again = work_tf("--create", "--chunk", "6", *source, "--", "echo", "{n}")
    assert (again.returncode, f"run {uuid} of the same work" in again.stderr) == (2, True)


def test_a_dry_run_prints_a_line_for_each_item_and_creates_nothing(
    work_tf: WorkTF, live_farm: Farm, begun: tuple[str, Sequence[str]]
) -> None:
    uuid, source = begun
    before = len(list(live_farm.runs()))
    expected = "".join(f"echo {n} {n // 4}/{n}\n" for n in range(12))
    for which in (("--create", "--chunk", "4"), (uuid,)):
        done = work_tf("--dry-run", *which, *source, "--", "echo", "{n}", "{task}/{item}")
        assert (done.returncode, done.stdout) == (0, expected), done.stderr
    assert len(list(live_farm.runs())) == before
    assert live_farm.get_run(uuid).status().waiting == 2


def test_the_lines_of_a_dry_run_do_what_the_commands_would(
    work_tf: WorkTF, sites: Path, work_folder: Path
) -> None:
    done = work_tf("--dry-run", "--create", "--csv", sites.name, "--", "printf", "%s\\0", "{name}")
    ran = subprocess.run(["bash"], input=done.stdout, capture_output=True, text=True, check=True)
    assert ran.stdout == "".join(f"{value}\0" for value in HOSTILE)
    assert not (work_folder / "owned").exists()


def test_what_is_told_at_an_interrupt_goes_on_with_the_same_items(
    work_folder: Path, live_farm: Farm, made: list[str]
) -> None:
    values = (":::", "$(touch owned)", "-x", "--create", "a b", ":::", "1", "2")
    line = 'touch "ran-$TASKFARM_ITEM"; test -e go-on || sleep 1000'
    words = [*WORK, "--create", "--chunk", "3", "-j1", "--shell", *values, "--", line]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as process:
        try:
            wait_until((work_folder / "ran-0").exists, NET_S)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=NET_S)
        finally:
            process.kill()
    made.append(uuid_told(said))
    resume = shlex.split(said.partition("resume with: ")[2].splitlines()[0])
    assert resume[:2] == ["workTF", made[0]]
    (work_folder / "go-on").touch()
    done = subprocess.run(
        [*WORK, *resume[1:]], capture_output=True, text=True, timeout=NET_S, check=False
    )
    assert done.returncode == 0, done.stderr
    assert {path.name for path in work_folder.glob("ran-*")} == {f"ran-{n}" for n in range(8)}
    assert live_farm.get_run(made[0]).status().succeeded
    assert not (work_folder / "owned").exists()


def test_a_run_that_others_created_gets_items_by_its_number_of_tasks(
    work_tf: WorkTF, new_run: NewRun
) -> None:
    run: Run = new_run(3)
    done = work_tf(run.uuid, "--chunk=10", "-j1", "--grid=n=0:25", "--", *TELL, "{n}")
    assert done.returncode == 0, done.stderr
    assert [words for words, _ in told(done.stdout)] == [[str(n)] for n in range(25)]
