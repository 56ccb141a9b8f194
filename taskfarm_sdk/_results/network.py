"""The delay after which a network file system shows what another machine wrote."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

import attrs

# Linux keeps a listing for at most 60 s (acdirmax, nfs(5)), and the attributes of a file as long.
DELAY_S = 90.0
POLL_S = 2.0


@attrs.frozen(kw_only=True)
class Patience:
    """How long to look again.

    Attributes:
        timeout_s: for how long.
        poll_s: how long to wait before each time.
        clock: seconds that only grow.
        sleep: waits for so many seconds.
    """

    timeout_s: float = DELAY_S
    poll_s: float = POLL_S
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] = time.sleep


USUAL = Patience()


class FolderLike(Protocol):
    """A folder that may be on a network file system."""

    @property
    def is_network(self) -> bool:
        """Whether several machines share its file system."""
        ...


def wait_until_seen(
    folder: FolderLike, look: Callable[[bool], list[int]], patience: Patience
) -> list[int]:
    """Return what is still missing in a folder once it cannot be only late.

    On a network file system what another machine wrote is seen late: there it is looked at again
    until nothing is missing, or the time is over. Elsewhere it is looked at once.

    Args:
        folder: the folder.
        look: returns what is missing; called with whether damaged bytes are to be read again.
        patience: how long to look again.
    """
    missing = look(False)
    if not missing or not folder.is_network:
        return missing
    deadline = patience.clock() + patience.timeout_s
    while missing and (left_s := deadline - patience.clock()) > 0:
        patience.sleep(min(patience.poll_s, left_s))
        missing = look(True)
    return missing
