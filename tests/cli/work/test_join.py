"""`workTF --join FOLDER`: its words, and the work on a folder that a program prepared."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.work.command_line.parse import parse
from taskfarm_sdk import Farm, results
from taskfarm_sdk._caught import Caught
from taskfarm_sdk._results.folder import Folder
from taskfarm_sdk._results.writer import ResultsWriter
from taskfarm_sdk.testing import LocalServer
from tests.support.work_tf import WorkTF

pytestmark = pytest.mark.long


@pytest.fixture
def farm(taskfarm_server: LocalServer) -> Iterator[Farm]:
    """A farm of the tests' server."""
    with taskfarm_server.farm() as farm:
        yield farm


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A place for a results folder."""
    return tmp_path / "a folder"


def test_a_folder_needs_neither_a_run_nor_a_command() -> None:
    options = parse(["--join", "folder", "-j", "3", "--grace-s", "1", "--batch"])
    assert (options.join, options.jobs, options.command) == ("folder", 3, ())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["0" * 32], "neither a UUID nor a command"),
        (["--", "true"], "neither a UUID nor a command"),
        (["--create"], "--create does not go with --join"),
        (["--inputs", "x"], "--inputs does not go with --join"),
        (["-0"], "-0 does not go with --join"),
        (["--timeout-s", "3"], "--timeout-s does not go with --join"),
        (["--dry-run"], "--dry-run does not go with --join"),
        (["--keep"], "--keep does not go with --join"),
        (["--slurm", "2", "--inputs", "x"], "--inputs does not go with --join"),
        (["--slurm", "2", "--cancel-on-exit"], "--cancel-on-exit goes with --keep"),
        (["--max-tasks", "2"], "--max-tasks does not go with --join"),
    ],
)
def test_what_is_for_commands_is_refused(words: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parse(["--join", "folder", *words])


def test_shell_is_for_the_commands_at_the_end() -> None:
    assert parse(["--join", "folder", "--shell", "--on-end", "a | b"]).shell
    with pytest.raises(UsageError, match="--shell does not go with --join"):
        parse(["--join", "folder", "--shell"])


def test_what_failed_can_be_left_alone_only_where_a_folder_decides() -> None:
    assert parse(["--join", "folder"]).retry_failed
    assert not parse(["--join", "folder", "--no-retry-failed"]).retry_failed
    for folder in ("--log", "--results"):
        assert not parse([folder, "out", "--no-retry-failed", "0" * 32, "--", "true"]).retry_failed
    with pytest.raises(UsageError, match="--no-retry-failed goes with --join"):
        parse(["--no-retry-failed", "0" * 32, "--", "true"])


def test_on_slurm_the_options_of_its_jobs_go_with_it() -> None:
    options = parse(["--join", "folder", "--slurm", "2", "--time", "10", "--keep", "--dry-run"])
    assert (options.slurm, options.time, options.keep, options.dry_run) == (2, "10", True, True)


@pytest.mark.live
@pytest.mark.usefixtures("work_folder")
def test_what_was_prepared_is_computed(work_tf: WorkTF, farm: Farm, folder: Path) -> None:
    farm.prepare(lambda value: value * 3, range(10), folder=folder, chunk=4)
    done = work_tf("--join", str(folder), "-j2")
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1] == f"workTF: {folder}: 10 of 10 items have results"
    assert list(results(folder).values()) == [value * 3 for value in range(10)]


@pytest.mark.live
@pytest.mark.usefixtures("work_folder")
def test_failed_items_are_named_in_one_line(work_tf: WorkTF, farm: Farm, folder: Path) -> None:
    farm.prepare(lambda value: 1 // (value - 3), range(10), folder=folder, chunk=5)
    done = work_tf("--join", str(folder), "-j1", "--max-attempts", "1")
    assert done.returncode == 5
    last = done.stderr.splitlines()[-1]
    assert "1 item failed: 3" in last
    assert "ZeroDivisionError" in last
    assert "Traceback" not in done.stderr


@pytest.mark.live
@pytest.mark.usefixtures("work_folder")
def test_failed_items_of_a_finished_run_are_tried_again_unless_told_otherwise(
    work_tf: WorkTF, farm: Farm, folder: Path, tmp_path: Path
) -> None:
    calls = tmp_path / "calls"

    def compute(value: int) -> int:
        with calls.open("a") as file:
            file.write("x")
        return 1 // value

    farm.prepare(compute, [0], folder=folder, chunk=1)
    words = ("--join", str(folder), "-j1", "--max-attempts", "1")
    made = []
    for more in ([], ["--no-retry-failed"], []):
        assert work_tf(*words, *more).returncode == 5
        made.append(calls.stat().st_size)
    assert made == [1, 1, 2]


@pytest.mark.live
@pytest.mark.usefixtures("work_folder")
@pytest.mark.parametrize(("words", "status"), [([], 7), (["--batch"], 0)])
def test_items_of_others_are_left_to_them(
    work_tf: WorkTF, farm: Farm, folder: Path, words: list[str], status: int
) -> None:
    run = farm.prepare(lambda value: value, range(10), folder=folder, chunk=5)
    with run.worker() as other:
        assert other.claim() is not None
        done = work_tf("--join", str(folder), "-j1", "--linger-s", "0.5", *words)
    assert done.returncode == status
    assert done.stderr.splitlines()[-1].endswith("5 of 10 items have results; others still compute")


@pytest.mark.live
@pytest.mark.usefixtures("work_folder")
def test_a_folder_that_was_not_prepared_is_refused(work_tf: WorkTF, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir(mode=0o700)
    done = work_tf("--join", str(tmp_path / "empty"))
    assert done.returncode == 2
    assert "was not prepared" in done.stderr
    assert work_tf("--join", str(tmp_path / "missing")).returncode == 2


@pytest.mark.live
@pytest.mark.usefixtures("work_folder")
def test_items_that_failed_and_are_to_be_tried_again_are_not_called_done(
    work_tf: WorkTF, farm: Farm, folder: Path
) -> None:
    run = farm.prepare(lambda value: value, range(2), folder=folder, chunk=1)
    with run.worker() as other:
        held = other.claim()
        assert held is not None
        with Folder.open(folder) as place, closing(ResultsWriter(place)) as writer:
            writer.failure(held.number, 1, Caught("ValueError", "bad", ""), 0.0)
        done = work_tf("--join", str(folder), "-j1", "--linger-s", "0.5")
        assert done.returncode == 7
        assert "1 of 2 items have results; others still compute" in done.stderr
        held.release()
