"""`Farm.map` over many items, whose workers, children and server are ended at random moments.

`python -m tests.support.killed_maps --signal SIGKILL` does so with 10 blows over 100,000 items, and
prints what came of it.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from enum import Enum
from pathlib import Path

import attrs

from taskfarm_sdk import results
from taskfarm_sdk._results.writer import FLUSH_S
from taskfarm_sdk.testing import LocalServer
from tests.support import programs
from tests.support.map_scripts import MapScript
from tests.support.maps import calls_in
from tests.support.processes import NET_S, wait_until

CHILDREN = 2
# The moments of the blows differ by more than the steps in which the calls are counted.
SPREAD_S = 0.1


class Target(Enum):
    """What is ended."""

    WORKER = "the worker, and with it its children"
    CHILD = "a child"
    SERVER = "the server, which starts again"


@attrs.frozen
class Blow:
    """One signal.

    Attributes:
        number: the signal.
        target: who gets it.
    """

    number: signal.Signals
    target: Target

    @property
    def loses(self) -> int:
        """How many processes lose what they have not written yet."""
        if self.number != signal.SIGKILL:
            return 0
        return {Target.WORKER: CHILDREN, Target.CHILD: 1, Target.SERVER: 0}[self.target]


@attrs.frozen
class Outcome:
    """What came of a mapping.

    Attributes:
        items: how many items there were.
        twice: how many calls there were beyond one for each item.
        allowed: how many items can have been computed and not written at the blows.
        missing: how many items have no value.
        wrong: how many have one that is not theirs.
        seconds: how long it took.
    """

    items: int
    twice: int
    allowed: int
    missing: int
    wrong: int
    seconds: float


def ended_at_random(
    server: LocalServer,
    folder: Path,
    blows: Sequence[Blow],
    *,
    items: int,
    chunk: int,
    item_s: float,
    seed: int | None = None,
) -> Outcome:
    """Map, deal blows at random moments, and go on until all items have values.

    Args:
        server: of this mapping alone.
        folder: an empty one.
        blows: in any order.
        items: how many.
        chunk: how many items a task has.
        item_s: how long one takes.
        seed: of the moments and the order; None for a new one, which is printed.
    """
    seed = random.randrange(2**32) if seed is None else seed
    print(f"seed {seed}")
    chance = random.Random(seed)
    (calls := folder / "calls").mkdir()
    mapping = MapScript(
        server=programs.credentials(server),
        folder=folder / "results",
        calls=calls,
        items=items,
        chunk=chunk,
        item_s=item_s,
    )
    began = time.monotonic()
    moments = sorted(chance.sample(range(items // 50, items - items // 50), len(blows)))
    order = chance.sample(list(blows), len(blows))
    left = list(zip(moments, order, strict=True))
    while left:
        with mapping.script() as process:
            while left and _lives_until(process, calls, left[0][0]):
                _, blow = left.pop(0)
                time.sleep(chance.uniform(0, SPREAD_S))
                _deal(blow, process, mapping, server, chance)
                if blow.target is Target.WORKER:
                    break
            # Without more blows it works to the end.
            process.communicate(timeout=10 * NET_S)
    mapping.finish()
    made, found = calls_in(calls), results(mapping.folder)
    return Outcome(
        items=items,
        twice=made.total() - items,
        allowed=sum(blow.loses for blow in blows) * (int(FLUSH_S / item_s) + 2),
        missing=len(found.missing) + len(set(range(items)) - set(made)),
        wrong=sum(result.value != 2 * result.number for result in found),
        seconds=time.monotonic() - began,
    )


def _lives_until(process: subprocess.Popen[str], calls: Path, moment: int) -> bool:
    """Wait for so many calls; return whether the process lives then."""
    wait_until(lambda: process.poll() is not None or _calls(calls) >= moment, 10 * NET_S)
    return process.poll() is None


def _deal(
    blow: Blow,
    process: subprocess.Popen[str],
    mapping: MapScript,
    server: LocalServer,
    chance: random.Random,
) -> None:
    match blow.target:
        case Target.WORKER:
            process.send_signal(blow.number)
        case Target.CHILD:
            wait_until(lambda: process.poll() is not None or mapping.living_children())
            with suppress(IndexError, ProcessLookupError):
                os.kill(chance.choice(mapping.living_children()), blow.number)
        case Target.SERVER:
            if blow.number == signal.SIGTERM and server.pid is not None:
                os.killpg(server.pid, signal.SIGTERM)
            server.kill()
            server.start()


def _calls(calls: Path) -> int:
    """Return about how often the function was called, without reading what it noted."""
    noted = sum(file.stat().st_size for file in calls.iterdir())
    # Each line is an item's number.
    digits = 1
    counted = 0
    while noted > (size := 9 * 10 ** (digits - 1) * (digits + 1) + (2 if digits == 1 else 0)):
        noted -= size
        counted += size // (digits + 1)
        digits += 1
    return counted + noted // (digits + 1)


def main() -> None:
    """Deal blows of one signal, and print what came of it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--signal", choices=["SIGTERM", "SIGKILL"], required=True)
    parser.add_argument("--blows", type=int, default=10)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--chunk", type=int, default=200)
    parser.add_argument("--item-s", type=float, default=0.0005)
    parser.add_argument("--seed", type=int)
    asked = parser.parse_args()
    targets = list(Target)
    blows = [
        Blow(signal.Signals[asked.signal], targets[number % len(targets)])
        for number in range(asked.blows)
    ]
    with tempfile.TemporaryDirectory() as folder, LocalServer() as server:
        came = ended_at_random(
            server,
            Path(folder),
            blows,
            items=asked.items,
            chunk=asked.chunk,
            item_s=asked.item_s,
            seed=asked.seed,
        )
    print(json.dumps(attrs.asdict(came)))
    sys.exit(came.missing > 0 or came.wrong > 0 or came.twice > came.allowed)


if __name__ == "__main__":
    main()
