"""What follows an error of the operating system at one task."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from taskfarm_cli.common.exit_status import CommandError
from taskfarm_cli.work.commands import faults
from taskfarm_sdk.execution.parts import Failed, Outcome, Released


def error_of(name: str, file: str | None = None) -> OSError:
    number = getattr(errno, name)
    return OSError(number, os.strerror(number), file)


def of_task_0(file: str) -> bool:
    return file.startswith("results/0/")


@pytest.mark.parametrize(
    "name", ["EAGAIN", "EMFILE", "ENFILE", "ENOMEM", "ENOBUFS", "ETXTBSY", "EINTR"]
)
def test_what_this_machine_is_short_of_is_tried_again_and_then_given_back(name: str) -> None:
    error = error_of(name)
    assert faults.start_may_pass(error)
    outcome = faults.after_start("prog", error)
    assert isinstance(outcome, Released)
    assert outcome.reason is not None
    assert "'prog'" in outcome.reason
    assert outcome.pause_s > 0


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (error_of("ENOENT"), 127),
        (error_of("EACCES"), 126),
        (error_of("E2BIG"), 126),
        (error_of("ENOEXEC"), 126),
        (error_of("ENOTDIR"), 126),
        (error_of("ELOOP"), 126),
        (error_of("ENAMETOOLONG"), 126),
        (error_of("EPERM"), 126),
        (error_of("EIO"), 126),
        (ValueError("embedded null byte"), 126),
        (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"), 126),
    ],
    ids=str,
)
def test_what_is_wrong_with_one_tasks_command_is_a_failed_attempt(
    error: Exception, status: int
) -> None:
    assert not faults.start_may_pass(error)
    outcome = faults.after_start("prog", error)
    assert isinstance(outcome, Failed)
    assert (outcome.exit_status, outcome.final) == (status, False)
    assert "'prog'" in outcome.reason


def test_a_script_whose_interpreter_is_missing_is_not_called_missing(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/no/such/interpreter\n")
    error = faults.cannot_execute(str(script), error_of("ENOENT"))
    assert isinstance(error, CommandError)
    assert "first line" in str(error)
    assert error.status == 126


@pytest.mark.parametrize(
    "name", ["ENOENT", "EACCES", "ESTALE", "EIO", "EROFS", "ENOTDIR", "EMFILE"]
)
def test_a_folder_of_results_that_is_away_gives_the_task_back(name: str) -> None:
    error = error_of(name, "results/0")
    assert faults.place_may_pass(error)
    assert isinstance(faults.after_begin(error, own=of_task_0), Released)
    assert isinstance(faults.after_end(error), Released)


@pytest.mark.parametrize(
    "error",
    [
        error_of("EEXIST", "results/0"),
        error_of("EISDIR", "results/0/stdout"),
        error_of("EACCES", "results/0/stdout"),
        error_of("EPERM", "results/0/exit"),
    ],
    ids=str,
)
def test_what_is_in_the_way_of_one_task_alone_is_its_failed_attempt(error: OSError) -> None:
    assert isinstance(faults.after_begin(error, own=of_task_0), Failed)


@pytest.mark.parametrize("name", ["ENOSPC", "EDQUOT", "EFBIG"])
def test_output_that_has_no_room_after_all_was_computed_is_a_failed_attempt(name: str) -> None:
    outcome: Outcome = faults.after_end(error_of(name, "results/0/exit"))
    assert isinstance(outcome, Failed)
    assert "results/0/exit" in outcome.reason
