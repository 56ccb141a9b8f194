"""Workers of this host that were killed with tasks in hand."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

from taskfarm_sdk import Run, Worker
from taskfarm_sdk._worker.in_hand import InHand, place
from tests.programs import killed_worker
from tests.support import programs


def state_folder() -> Path:
    """Return the folder in which workers of this test note their tasks."""
    return Path(os.environ["XDG_STATE_HOME"]) / "taskfarm" / "in-hand"


def state_files() -> list[Path]:
    """Return what is in that folder."""
    return sorted(state_folder().iterdir()) if state_folder().is_dir() else []


@contextmanager
def holding(
    run: Run, token: str, count: int, *, beats: bool = False, forks: bool = False
) -> Generator[int]:
    """Have another process hold tasks of a run; yields its process id, or its child's."""
    told = {**programs.access(run, token), "count": count, "beats": beats, "forks": forks}
    with programs.running(killed_worker.__file__, told=told) as process:
        yield int(programs.read_line(process.stdout))


def killed(run: Run, token: str, count: int, *, beats: bool = False) -> None:
    """Have a process killed that held tasks of a run."""
    with holding(run, token, count, beats=beats):
        pass


def leave_noted(run: Run, *numbers: int, value: float = 0.0) -> Path:
    """Leave the file of a killed worker that had noted tasks; return it."""
    before = set(state_files())
    noted = InHand(place(run._link.session.url, run.uuid))
    for number in numbers:
        noted.note(number, value)
    noted.close()
    if not numbers:
        noted._open()
    file = noted._file
    assert file is not None
    # As the kernel does at the end of the process.
    os.close(file.descriptor)
    file.descriptor = -1
    (path,) = set(state_files()) - before
    return path


def computed(worker: Worker) -> Iterator[tuple[int, int]]:
    """Complete what a worker is handed out; yields numbers and attempts."""
    with worker:
        for task in worker:
            yield task.number, task.attempts
            task.complete()
