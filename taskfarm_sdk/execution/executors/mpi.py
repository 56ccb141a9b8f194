"""`mpi4py.futures.MPIPoolExecutor`: loops in the ranks of an MPI job.

Started by `mpiexec -n 4 python -m mpi4py.futures script.py`, rank 0 runs the script, and the others
run its loops. mpiexec and srun pass signals on to all ranks, where each loop gives its task back.
If only the script ends, the SDK sends the ranks a message, beside those of mpi4py.futures.
"""

from __future__ import annotations

import sys
from concurrent.futures import Executor, wait
from pathlib import Path
from typing import TYPE_CHECKING, cast

from taskfarm_sdk._logging import log
from taskfarm_sdk.errors import ConfigurationError
from taskfarm_sdk.execution.executors.cancellation import CancelRequest, Poll
from taskfarm_sdk.execution.executors.engines import Engine

if TYPE_CHECKING:
    from mpi4py.futures import MPIPoolExecutor
    from mpi4py.MPI import Request

# The tag of the SDK's messages; every MPI has tags up to 32,767.
TAG = 31_417


def find_poll(key: str) -> Poll | None:
    """Return the poll of a loop in a rank; None if MPI cannot be called beside the loop."""
    from mpi4py import MPI

    if MPI.Query_thread() < MPI.THREAD_MULTIPLE:
        return None
    request = CancelRequest.GO_ON

    def ask() -> CancelRequest:
        nonlocal request
        # Messages for earlier works may still be there.
        while (message := MPI.COMM_WORLD.improbe(MPI.ANY_SOURCE, TAG)) is not None:
            if message.recv() == key:
                request = CancelRequest.CLAIM_NO_MORE
        return request

    return ask


def knows(executor: Executor) -> bool:
    """Return whether it is an MPIPoolExecutor."""
    if "mpi4py.futures" not in sys.modules:
        return False
    from mpi4py.futures import MPIPoolExecutor

    return isinstance(executor, MPIPoolExecutor)


class Ranks(Engine):
    """An MPIPoolExecutor."""

    def __init__(self, executor: Executor) -> None:
        super().__init__(executor, find_poll)
        # Kept while they are under way.
        self._said: list[Request] | None = None

    def refuse(self) -> None:
        """Refuse an executor that would have to start processes by itself."""
        # Both are private, but there is no public way: the pool that `-m mpi4py.futures` has made,
        # and the pool of an executor that got its ranks otherwise.
        common = getattr(sys.modules.get("mpi4py.futures._core"), "SharedPool", self)
        if common is not None or getattr(self.executor, "_pool", self) is not None:
            return
        called = Path(sys.argv[0]).name
        script = called if called.endswith(".py") else "script.py"
        raise ConfigurationError(
            "this MPIPoolExecutor has no ranks to compute in, and under most MPIs it waits "
            f"for some forever: run `mpiexec -n 4 python -m mpi4py.futures {script}`, "
            "with one more rank than should compute (srun in place of mpiexec under Slurm)"
        )

    def size(self) -> int | None:
        """Return how many ranks compute."""
        # None or 0 is one that broke or was shut down, which says so itself.
        return cast("MPIPoolExecutor", self.executor).num_workers or 1

    def recall(self) -> None:
        """Make the loops claim no more tasks, where a message can reach them."""
        super().recall()
        if self._said is None:
            self._said = _say(self.key)

    def let_end(self) -> None:
        """Wait for all, as mpi4py does in any case."""
        wait(self.futures)


def _say(key: str) -> list[Request]:
    from mpi4py import MPI

    if MPI.Query_thread() < MPI.THREAD_MULTIPLE:
        return []  # mpi4py.futures may be in the middle of something
    world = MPI.COMM_WORLD
    others = [rank for rank in range(world.size) if rank != world.rank]
    try:
        return [world.isend(key, rank, TAG) for rank in others]
    except MPI.Exception as error:
        log.warning("could not tell the ranks to stop claiming tasks: %s", error)
        return []
