"""Words about how a process ended."""

from __future__ import annotations

import signal
import sys

import pytest

from taskfarm_sdk._processes.exit_status import how_it_ended, may_be_asked, why_it_ended

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it names signals")
JOB = {"SLURM_JOB_ID": "5"}


@pytest.mark.parametrize("status", [-signal.SIGKILL, 128 + signal.SIGKILL])
@pytest.mark.parametrize(
    ("environ", "given", "option"),
    [
        ({}, "ran out: ", "4G"),
        ({"SLURM_MEM_PER_CPU": "2000"}, "ran out (2000 MB for each CPU): ", "4000M"),
        (
            {"SLURM_MEM_PER_NODE": "8000", "SLURM_CPUS_PER_TASK": "4"},
            "ran out (8000 MB for each node): ",
            "4000M",
        ),
        ({"SLURM_MEM_PER_NODE": "8000"}, "ran out (8000 MB for each node): ", "16000M"),
        ({"SLURM_MEM_PER_NODE": "0"}, "ran out: ", "4G"),
    ],
)
def test_a_kill_in_a_slurm_job_is_told_with_memory_as_the_likeliest_reason(
    status: int, environ: dict[str, str], given: str, option: str
) -> None:
    text = why_it_ended(status, {**JOB, **environ})
    assert text.startswith(f"{how_it_ended(status)}, most likely because the job's memory {given}")
    assert f'--sbatch-args "--mem-per-cpu={option}"' in text


@pytest.mark.parametrize(
    ("status", "environ"),
    [
        (-signal.SIGKILL, {}),
        (-signal.SIGTERM, JOB),
        (-signal.SIGSEGV, JOB),
        (1, JOB),
        (128 + signal.SIGTERM, JOB),
    ],
)
def test_other_ends_have_no_reason_that_is_likelier_than_others(
    status: int, environ: dict[str, str]
) -> None:
    assert why_it_ended(status, environ) == how_it_ended(status)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_a_program_may_have_been_asked_to_end_whether_it_died_of_it_or_cleaned_up_first(
    number: signal.Signals,
) -> None:
    assert may_be_asked(-number)
    assert may_be_asked(128 + number)


@pytest.mark.parametrize("status", [0, 1, 128, -signal.SIGKILL, 128 + signal.SIGKILL, 255])
def test_other_programs_were_not_asked_to_end(status: int) -> None:
    assert not may_be_asked(status)
