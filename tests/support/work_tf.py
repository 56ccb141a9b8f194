"""workTF as a user starts it: to its end, or under way and looked at from outside."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from taskfarm_sdk import Run
from tests.programs import jumping_work_tf
from tests.support.processes import NET_S, PROC, wait_until

WORK = (sys.executable, "-m", "taskfarm_cli.work.main")
# Its clock stands still, ahead by the seconds that the file `ahead` holds.
JUMPING_WORK = (sys.executable, jumping_work_tf.__file__)
JOBS = 4

WorkTF = Callable[..., "subprocess.CompletedProcess[str]"]
NewRun = Callable[[int], Run]


def run_work_tf(
    *words: str,
    cwd: Path | None = None,
    stdin: str | None = None,
    program: Sequence[str] = WORK,
) -> subprocess.CompletedProcess[str]:
    """Run workTF to its end."""
    return subprocess.run(
        [*program, *words],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=NET_S,
        cwd=cwd,
    )


@contextmanager
def computing(
    run: Run,
    command: str,
    *words: str,
    processes: int = 1,
    program: Sequence[str] = WORK,
) -> Generator[subprocess.Popen[str]]:
    """Have workTF run a shell's command for `JOBS` tasks at a time; all of them run as it begins.

    Args:
        run: the run.
        command: the shell's.
        words: more options.
        processes: how many each command consists of. All are waited for: a shell that is
            signalled between two of its children may miss it.
        program: what is started.
    """
    with subprocess.Popen(
        [*program, run.uuid, f"-j{JOBS}", *words, "--shell", "--", command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            wait_until(lambda: run.status().computing == JOBS, NET_S)
            wait_until(lambda: len(commands_of(run)) >= JOBS * processes, NET_S)
            yield process
        finally:
            process.kill()


def end(process: subprocess.Popen[str]) -> str:
    """Wait for workTF's end, and return what it said on stderr."""
    _, said = process.communicate(timeout=NET_S)
    return said


def wait_for_files(pattern: str) -> None:
    """Return when each of `JOBS` commands has made its file."""
    wait_until(lambda: len(list(Path.cwd().glob(pattern))) >= JOBS, NET_S)


def wait_until_no_command_of(run: Run) -> None:
    """Return when nothing is left of what workTF started for a run."""
    wait_until(lambda: not commands_of(run), NET_S)


def commands_of(run: Run) -> list[int]:
    """Return the living processes that workTF started for a run, and their children."""
    found = []
    for folder in PROC.glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes()
            environment = (folder / "environ").read_bytes()
            dead = (folder / "stat").read_text().rpartition(")")[2].split()[0] in "ZX"
        except OSError:
            continue
        # A child that is about to become the command still looks like workTF itself.
        is_work_tf = b"work_tf.py" in words or b"taskfarm_cli.work" in words
        if f"TASKFARM_RUN={run.uuid}".encode() in environment and not dead and not is_work_tf:
            found.append(int(folder.name))
    return found
