"""A worker that holds tasks until it is killed, and maybe leaves a forked child: see `killed`.

It prints its own process id, or the child's, once it holds them.
"""

from __future__ import annotations

import os
import signal

import attrs

from taskfarm_sdk import Farm
from tests.support.inside import held
from tests.support.told import told


@attrs.frozen
class Told:
    """What the worker is told."""

    url: str
    token: str
    run: str
    count: int
    beats: bool = False
    forks: bool = False


def main() -> None:
    """Hold so many tasks, and wait."""
    how = told(Told)
    with Farm(how.url, token=how.token) as farm:
        worker = farm.get_run(how.run).worker(first_beat_s=30)
        for _ in range(how.count):
            task = worker.claim()
            assert task is not None
            if how.beats:
                held(task).beat()
        child = os.fork() if how.forks else 0
        if child or not how.forks:
            print(child or os.getpid(), flush=True)
        signal.pause()


if __name__ == "__main__":
    main()
