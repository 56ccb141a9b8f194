"""A process that starts an engine, prints the engine's folder and is killed, tidying nothing up."""

from __future__ import annotations

import os
import signal

import attrs

from tests.support.engine_starts import STARTS
from tests.support.told import told


@attrs.frozen
class Told:
    """What the process is told: an engine's name."""

    engine: str


if __name__ == "__main__":
    with STARTS[told(Told).engine]() as folder:
        print(folder, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
