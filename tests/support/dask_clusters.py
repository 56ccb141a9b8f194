"""Dask clusters for tests: real worker processes on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import NamedTuple

from dask import config
from distributed import Client, LocalCluster, WorkerPlugin

from tests.support.short_times import hasty


class Hasty(WorkerPlugin):
    """Has a worker process look after others shortly, those that are started anew too."""

    def setup(self, worker: object) -> None:
        """Set it up."""
        hasty()


class Dask(NamedTuple):
    """A cluster, and a client of it."""

    cluster: LocalCluster
    client: Client

    @property
    def address(self) -> str:
        """Where its scheduler listens."""
        return str(self.cluster.scheduler_address)

    def executor(self) -> Executor:
        """Return an executor of the client's."""
        executor: Executor = self.client.get_executor()
        return executor

    def pids(self) -> dict[str, int]:
        """Return its workers' processes, by their addresses."""
        pids: dict[str, int] = self.client.run(os.getpid)
        return pids


@contextmanager
def dask(workers: int, threads: int, *, gives_up_after: int = 3) -> Iterator[Dask]:
    """Start a cluster.

    Args:
        workers: how many processes.
        threads: how many in each.
        gives_up_after: it does so on what has lost more workers than this.
    """
    with (
        config.set(
            {
                "distributed.scheduler.allowed-failures": gives_up_after,
                # A worker that is killed starts anew, on a busy machine later than in the 15 s
                # after which the cluster would take it for lost and end it.
                "distributed.deploy.lost-worker-timeout": "1h",
            }
        ),
        LocalCluster(
            n_workers=workers,
            threads_per_worker=threads,
            processes=True,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
        ) as cluster,
        Client(cluster) as client,
    ):
        if workers:
            client.wait_for_workers(workers, timeout=60)
        client.register_plugin(Hasty())
        yield Dask(cluster, client)
