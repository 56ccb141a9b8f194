"""Engines by their names, each started with something at work in it."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tests.support.hosts import hosts
from tests.support.nginx import nginx_before
from tests.support.postgresql import running_postgresql
from tests.support.processes import wait_until
from tests.support.slurm_cluster import Cluster

SLEEP = (sys.executable, "-c", "import time; time.sleep(600)")


@contextmanager
def started_postgresql() -> Generator[Path]:
    """Start PostgreSQL; yield its folder."""
    with running_postgresql() as (postgres, _):
        yield postgres.sockets


@contextmanager
def started_nginx() -> Generator[Path]:
    """Start nginx before nothing; yield its folder."""
    with nginx_before(1) as nginx:
        yield nginx.authority.parent


@contextmanager
def started_slurm() -> Generator[Path]:
    """Start a cluster with a job; yield its folder."""
    with Cluster(nodes=1) as cluster:
        words = ("sbatch", "--output=/dev/null", "--wrap", "exec sleep 600")
        cluster.run(*words)
        wait_until(lambda: "R" in cluster.run("squeue", "--noheader", "--format=%t").split())
        yield cluster.folder


@contextmanager
def started_hosts() -> Generator[Path]:
    """Make a host on which a process runs; yield the folder that its namespaces are named for."""
    with hosts(1) as (host,):
        folder = Path(tempfile.gettempdir(), host.name.rpartition("-")[0])
        host.start(SLEEP, {"FOLDER": str(folder)})
        yield folder


STARTS: Mapping[str, Callable[[], AbstractContextManager[Path]]] = {
    "PostgreSQL": started_postgresql,
    "nginx": started_nginx,
    "Slurm": started_slurm,
    "several hosts": started_hosts,
}
