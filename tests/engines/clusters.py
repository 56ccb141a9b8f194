"""Dask clusters for tests: real worker processes on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from distributed import Client, LocalCluster, WorkerPlugin

from taskfarm_sdk import _recovery


class Hasty(WorkerPlugin):  # type: ignore[misc]
    """Has a worker process look after others shortly, those that are started anew too."""

    def setup(self, worker: object) -> None:
        """Set it up."""
        hasty()


def hasty() -> None:
    """Have this process look after others shortly."""
    _recovery.START_SPREAD_S = 0
    _recovery.MOST_REST_S = 1


@contextmanager
def dask(workers: int, threads: int) -> Iterator[Client]:
    """Start a cluster of so many processes, of so many threads each."""
    with (
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
            client.wait_for_workers(workers)
        client.register_plugin(Hasty())
        yield client
