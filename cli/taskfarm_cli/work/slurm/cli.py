"""Slurm's own commands: sbatch, squeue and scancel."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from taskfarm_cli.common.exit_status import CommandError
from taskfarm_cli.common.text import one_line
from taskfarm_cli.work.slurm import advice
from taskfarm_sdk.hidden import Hidden, Veil

# A controller that restarts answers after a while; sbatch and squeue wait for it themselves.
PATIENCE_S = 300.0
_FORMAT = "%F|%K|%T|%M|%r|%l"
# The states of jobs that have ended or are ending.
_OVER = {
    *("BOOT_FAIL", "CANCELLED", "COMPLETED", "COMPLETING", "DEADLINE", "FAILED", "NODE_FAIL"),
    *("OUT_OF_MEMORY", "PREEMPTED", "REVOKED", "TIMEOUT"),
}
# The workers get this environment, of taskfarm's variables only these.
_OURS = "TASKFARM_"
_OURS_KEPT = {"TASKFARM_CONFIG", "TASKFARM_DEBUG", "TASKFARM_URL"}
# For sbatch, these override the script.
_OVERRIDING = {
    *("SBATCH_ARRAY_INX", "SBATCH_JOB_NAME", "SBATCH_NO_REQUEUE", "SBATCH_OPEN_MODE"),
    *("SBATCH_ERROR", "SBATCH_OUTPUT", "SBATCH_REQUEUE", "SBATCH_SIGNAL", "SBATCH_WAIT"),
}
# Slurm sets it only for requeued jobs, so the value of a surrounding job would remain.
_STALE = {"SLURM_RESTART_COUNT"}


# A user's own defaults for what squeue shows, and for what scancel asks before it acts.
_DEFAULTS = ("SQUEUE_", "SCANCEL_")


# After these words of sbatch's, the controller may have taken the job nevertheless.
_IN_DOUBT = re.compile(r"timed? ?out|receive|response", re.IGNORECASE)


class Refused(CommandError):
    """Nothing was submitted: Slurm refused, or its output folder cannot be created.

    Attributes:
        said: the reason, as it was given.
    """

    def __init__(self, message: str, said: str) -> None:
        super().__init__(message)
        self.said = said


class Element(NamedTuple):
    """A worker in the queue: one element of an array.

    Attributes:
        array: the array's job id.
        task: its index there.
        state: Slurm's name of its state.
        ran_s: how long it has run.
        reason: why it does not run.
        limit_s: its time limit, or None where it has none.
    """

    array: str
    task: str
    state: str
    ran_s: float
    reason: str
    limit_s: float | None = None

    @property
    def name(self) -> str:
        """Its name for scancel."""
        return f"{self.array}_{self.task}"

    @property
    def waits(self) -> bool:
        """Whether it is pending, for the first time or requeued."""
        return self.state == "PENDING"


def submit(script: str, extra: Sequence[str], *, has_time: bool) -> str:
    """Submit a script, and return the job's id.

    Args:
        script: the script.
        extra: options that count more than what the script or the environment says.
        has_time: whether the script names a time limit.

    Raises:
        Refused: Slurm refused it.
        CommandError: it is unknown whether Slurm accepted it.
    """
    said = _ask(
        "sbatch", "--parsable", *extra, stdin=script, environ=environment(has_time=has_time)
    )
    # Behind a semicolon follows the cluster's name.
    return said.strip().splitlines()[-1].partition(";")[0]


def test(script: str, extra: Sequence[str], *, has_time: bool) -> None:
    """Have a script checked as if it were submitted.

    Args:
        script: the script.
        extra: options that count more than what the script or the environment says.
        has_time: whether the script names a time limit.

    Raises:
        Refused: Slurm would refuse it.
        CommandError: Slurm could not be asked.
    """
    _ask("sbatch", "--test-only", *extra, stdin=script, environ=environment(has_time=has_time))


def most_workers() -> int | None:
    """Return how many elements an array may have here, or None if Slurm does not say."""
    try:
        said = _ask("scontrol", "show", "config")
    except CommandError:
        return None
    found = re.search(r"^MaxArraySize\s*=\s*(\d+)\s*$", said, re.MULTILINE)
    # It is one more than the highest index, and the indices begin with 0.
    return None if found is None else max(1, int(found[1]))


def ends(jobs: Sequence[str]) -> Sequence[str]:
    """Return how the elements of arrays ended, as far as Slurm still knows: states and reasons."""
    words = ("squeue", "--noheader", "--array", "--states=all", f"--jobs={','.join(jobs)}")
    try:
        rows = _ask(*words, "--format=%T %r").splitlines()
    except CommandError:
        return ()
    return sorted({word for row in rows for word in row.split()} - {"None"})


def queue(name: str) -> list[Element]:
    """Return this user's jobs of a name that wait or run.

    Raises:
        CommandError: Slurm could not be asked.
    """
    rows = _ask(
        *("squeue", "--noheader", "--array", f"--user={os.getuid()}", f"--name={name}"),
        f"--format={_FORMAT}",
    )
    found = [_element(row) for row in rows.splitlines() if row.count("|") == _FORMAT.count("|")]
    return [element for element in found if element.state not in _OVER]


def cancel(names: Sequence[str]) -> None:
    """Cancel jobs, or elements of arrays; those that have ended are ignored.

    Raises:
        CommandError: Slurm could not be asked.
    """
    if names:
        _ask("scancel", *names)


def left_s(job: str) -> float | None:
    """Return how much of a job's time is left, or None where it has no limit.

    Raises:
        CommandError: Slurm could not be asked.
    """
    return seconds_of(_ask("squeue", "--noheader", f"--jobs={job}", "--format=%L").strip())


def seconds_of(text: str) -> float | None:
    """Return a time as Slurm shows it, `1-02:03:04` or `3:04`, in seconds; None for a word."""
    days, _, rest = text.rpartition("-")
    parts = rest.split(":")
    if not all(part.isdecimal() for part in (*parts, days or "0")):
        return None
    total = 0
    for part in parts:
        total = total * 60 + int(part)
    return float(total + int(days or 0) * 86400)


def environment(
    *, has_time: bool, environ: Hidden[Mapping[str, str]] | None = None
) -> Hidden[Mapping[str, str]]:
    """Return the environment that sbatch hands on to the workers.

    Args:
        has_time: whether the script names a time limit.
        environ: the environment; None is this process's own.
    """
    without = _OVERRIDING | _STALE | ({"SBATCH_TIMELIMIT"} if has_time else set[str]())
    return Hidden(
        {
            name: text
            for name, text in (environ or Hidden(os.environ)).reveal().items()
            if name not in without and (not name.startswith(_OURS) or name in _OURS_KEPT)
        }
    )


def missing(program: str) -> CommandError:
    """Return the error for a missing command of Slurm's."""
    return CommandError(
        f"there is no {program} here: run workTF on a machine that has Slurm's commands"
    )


def _element(row: str) -> Element:
    array, task, state, ran, reason, limit = row.split("|")
    return Element(array, task, state, seconds_of(ran) or 0.0, reason, seconds_of(limit))


def _plain() -> Hidden[Mapping[str, str]]:
    return Hidden(
        {
            name: text
            for name, text in os.environ.items()
            if not name.startswith((*_DEFAULTS, _OURS)) or name in _OURS_KEPT
        }
    )


def _ask(
    program: str,
    *words: str,
    stdin: str | None = None,
    environ: Hidden[Mapping[str, str]] | None = None,
) -> str:
    """Run one of Slurm's commands, and return what it prints."""
    try:
        with Veil():
            done = subprocess.run(  # noqa: S603 - Slurm's own, found as the user would
                [program, *words],
                input=None if stdin is None else os.fsencode(stdin),
                stdin=subprocess.DEVNULL if stdin is None else None,
                capture_output=True,
                check=False,
                timeout=PATIENCE_S,
                env=(environ or _plain()).reveal(),
                # Only workTF handles Ctrl-C, so that no array is submitted without its knowledge.
                start_new_session=True,
            )
    except FileNotFoundError as error:
        raise missing(program) from error
    except OSError as error:
        raise CommandError(f"cannot execute {program}: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise CommandError(f"{program} did not answer in {PATIENCE_S:g} s") from error
    if done.returncode != 0:
        said = one_line(done.stderr.decode(errors="replace")) or "it says nothing"
        said = said.removeprefix(f"{program}: ")
        text = f"{program} ended with {done.returncode}: {advice.of_refusal(said)}"
        raise CommandError(text) if _IN_DOUBT.search(said) else Refused(text, said)
    return done.stdout.decode(errors="replace")
