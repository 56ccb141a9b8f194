"""Many small items computed by `farm.map`, and by what a user would take in its place."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs

from benchmarks.peers import Peers
from benchmarks.servers import Place

PROGRAM = Path(__file__).with_name("items_client.py")
# Where each way is installed; the others are this SDK's, or Python's own.
HOMES = {"dask groups": "dask", "dask batches": "dask", "joblib": "dask"}
# So many items take no longer than to start and to end.
FEW = 2


@attrs.frozen
class Took:
    """What a job took.

    Attributes:
        whole_s: its wall time.
        cpu_s: of all its processes; the server's is not among it.
        kib: the most memory that it held.
        more_kib: how much of that came with the job.
    """

    whole_s: float
    cpu_s: float = 0.0
    kib: float = 0.0
    more_kib: float = 0.0


@attrs.frozen
class Items:
    """Jobs at a server, each in a new process.

    Attributes:
        peers: where all are installed.
        place: the server.
    """

    peers: Peers
    place: Place

    def __call__(self, how: str, items: int, item_s: float = 0.0, **more: object) -> Took:
        """Compute items in a results folder that is removed, and return what it took."""
        with tempfile.TemporaryDirectory() as folder:
            return self.in_folder(Path(folder) / "results", how, items, item_s, **more)

    def in_folder(
        self, folder: Path, how: str, items: int, item_s: float = 0.0, **more: object
    ) -> Took:
        """Compute items with a results folder, and return what it took."""
        with self.started(folder, how, items, item_s, **more) as process:
            said, _ = process.communicate()
        if process.returncode != 0:
            raise RuntimeError(f"{how} of {items} items ended with {process.returncode}")
        return Took(**json.loads(said))

    @contextmanager
    def started(
        self, folder: Path, how: str, items: int, item_s: float = 0.0, **more: object
    ) -> Iterator[subprocess.Popen[str]]:
        """Start a job, which is killed at the end of the block if it has not ended."""
        job = {
            "how": how,
            "items": items,
            "item_s": item_s,
            "chunk": "auto",
            "url": self.place.url,
            "token": self.place.token,
            "folder": str(folder),
            **more,
        }
        python = self.peers.program(HOMES.get(how, "sdk"))
        with subprocess.Popen(
            [python, "-W", "ignore", str(PROGRAM), json.dumps(job)],
            stdout=subprocess.PIPE,
            # Dask's processes tell of their own end.
            stderr=subprocess.DEVNULL if how in HOMES else None,
            text=True,
            # No one's own login, settings or proxy.
            env={k: v for k, v in os.environ.items() if not k.startswith("TASKFARM_")},
        ) as process:
            try:
                yield process
            finally:
                process.kill()
