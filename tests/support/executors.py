"""Executors of all kinds, with two workers each, for scripts that tests start."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from tests.support.processes import wait_until
from tests.support.short_times import hastily, hasty

WORKERS = 2


@contextmanager
def executor(kind: str) -> Iterator[Executor | None]:
    """Open an executor.

    Args:
        kind: "thread"; "spawn", "fork" or "forkserver" for processes; "mpi", in as many ranks as
            the job has, "broken mpi", "booted mpi" in ranks that it starts itself, and "common mpi"
            where all ranks run the script; "dask" for a cluster, or where a scheduler of Dask's
            listens; "" for none.
    """
    if not kind:
        yield None
    elif kind == "thread":
        with hastily(), ThreadPoolExecutor(WORKERS) as threads:
            yield threads
    elif kind == "common mpi":
        from mpi4py.futures import MPICommExecutor

        with MPICommExecutor() as common:
            if common is not None:
                yield cast("Executor", common)
                return
        raise SystemExit(0)  # this rank has computed, and is done
    elif kind.endswith("mpi"):
        from mpi4py.futures import MPIPoolExecutor

        with MPIPoolExecutor(initializer=fail if kind.startswith("broken") else hasty) as ranks:
            if kind.startswith("booted"):
                ranks.bootup()
            yield ranks
    elif kind == "dask":
        from tests.support.dask_clusters import dask

        with dask(WORKERS, 1) as cluster:
            yield cluster.executor()
    elif kind.startswith("tcp:"):
        from distributed import Client

        with Client(kind) as client:
            yield client.get_executor()
    else:
        context = multiprocessing.get_context(kind)
        with ProcessPoolExecutor(WORKERS, mp_context=context, initializer=hasty) as processes:
            yield processes


def meet(folder: Path) -> int:
    """Return this process's ID once two processes are here."""
    (folder / str(os.getpid())).touch()
    wait_until(lambda: len(list(folder.iterdir())) == 2)
    return os.getpid()


def fail() -> None:
    """Initialize nothing."""
    raise RuntimeError("no initialization")
