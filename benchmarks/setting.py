"""What all measurements are given."""

from __future__ import annotations

import attrs

from benchmarks.peers import Peers


@attrs.frozen
class Setting:
    """How thoroughly to measure, and beside whom.

    Attributes:
        quick: few rounds of little work, to see that all runs.
        peers: the environments of the others.
        handouts: how many tasks the SDK is handed out to see whether its memory grows.
    """

    quick: bool
    peers: Peers
    handouts: int

    def pick(self, full: int, quick: int) -> int:
        """Return one of two sizes."""
        return quick if self.quick else full

    @property
    def rounds(self) -> int:
        """How often each side has its turn."""
        return self.pick(5, 2)
