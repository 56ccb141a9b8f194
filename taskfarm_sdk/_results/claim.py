"""The claim on a new results folder: of processes that start on it at once, one makes the run.

The claim stays when the order is there: a process that is late must never find neither. Processes
of one machine also wait for each other by a lock, which ends with its process: so they know a claim
of this machine whose process was killed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, cast

import attrs

from taskfarm_sdk._processes.forks import close_in_children
from taskfarm_sdk._results.documents import decode, encode
from taskfarm_sdk._results.folder import Folder
from taskfarm_sdk._results.names import CLAIM, LOCK, host
from taskfarm_sdk._results.order import Order
from taskfarm_sdk.errors import ConfigurationError

# To create a run and write a million items takes seconds; a network file system shows it late.
WAIT_S = 120.0
POLL_S = 0.5


@attrs.frozen(kw_only=True)
class Claim:
    """Which process makes the run of a folder.

    Attributes:
        host: the machine.
        pid: the process.
        server_url: the API's.
        run_uuid: the run's, once it was created.
        since: when, as ISO 8601 in UTC.
    """

    host: str
    pid: int
    server_url: str
    run_uuid: str | None
    since: str


@contextmanager
def alone_here(folder: Folder) -> Generator[bool]:
    """Keep other processes of this machine, and threads, from preparing the folder meanwhile.

    Yields:
        Whether that is so; some file systems have no locks.

    Raises:
        TaskfarmError: the folder cannot be written.
    """
    lock = _Lock(folder.open_lock(LOCK))
    try:
        yield lock.wait()
    finally:
        lock.close()


def remove_abandoned(folder: Folder) -> Claim | None:
    """Remove and return the claim of a killed process of this machine, for who is alone here.

    Raises:
        ConfigurationError: the claim may not be trusted, or is damaged.
    """
    content = folder.read(CLAIM)
    if content is None:
        return None
    document = decode(folder, CLAIM, content)
    if document.get("host") != host():
        return None
    folder.remove(CLAIM)
    return Claim(**{name: cast("Any", document.get(name)) for name in attrs.fields_dict(Claim)})


class _Lock:
    """A locked file; the lock ends with it, and with the process."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        # A forked child would keep the lock.
        close_in_children(self)

    def wait(self) -> bool:
        """Wait for the lock, and return whether there are locks here."""
        import fcntl  # Windows has none, and no results folders

        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Release the lock."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


def take(folder: Folder, server_url: str) -> Claim | None:
    """Claim a folder without order; None if another process did.

    Raises:
        TaskfarmError: the folder cannot be written.
    """
    claim = Claim(
        host=host(),
        pid=os.getpid(),
        server_url=server_url,
        run_uuid=None,
        since=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    taken = folder.publish(CLAIM, lambda file: file.write(encode(attrs.asdict(claim))))
    return claim if taken else None


def note_run(folder: Folder, claim: Claim, run_uuid: str) -> Claim:
    """Add the run to this process's claim, so that it can be found if this process dies.

    Raises:
        TaskfarmError: the folder cannot be written.
    """
    noted = attrs.evolve(claim, run_uuid=run_uuid)
    folder.replace(CLAIM, encode(attrs.asdict(noted)))
    return noted


def give_up(folder: Folder) -> None:
    """Remove this process's claim, because it created nothing."""
    folder.remove(CLAIM)


def wait_for_order(
    folder: Folder,
    *,
    timeout_s: float = WAIT_S,
    poll_s: float = POLL_S,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> Order | None:
    """Return the order that another process writes; None if it gave up its claim.

    Args:
        folder: the results folder.
        timeout_s: how long it may take.
        poll_s: how long to wait before each look.
        clock: seconds that only grow.
        sleep: waits for so many seconds.

    Raises:
        ConfigurationError: there is no order after that time.
    """
    deadline = clock() + timeout_s
    while True:
        claimed = folder.read(CLAIM)
        order = Order.load(folder)
        if order is not None or claimed is None:
            return order
        if clock() >= deadline:
            raise _not_made(folder, claimed, timeout_s)
        sleep(poll_s)


def _not_made(folder: Folder, content: bytes, waited_s: float) -> ConfigurationError:
    claim = decode(folder, CLAIM, content)
    run = claim.get("run_uuid")
    created = f"It had created run {run} (`manageTF --delete {run}` removes it). " if run else ""
    return ConfigurationError(
        f"process {claim.get('pid')} on {claim.get('host')} began to prepare '{folder.path}' at "
        f"{claim.get('since')} and has not finished after {waited_s:g} s of waiting. {created}If "
        "it no longer runs, remove the folder and start again"
    )
