"""A script as users write them: `Farm.map` with a function of its own, which notes its calls."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import NoReturn

import attrs

from taskfarm_sdk import Farm
from taskfarm_sdk._results.order import Order
from tests.support.executors import executor
from tests.support.maps import HASTY, noting
from tests.support.processes import ENDLESS_S, NET_S
from tests.support.short_times import hasty
from tests.support.told import told

HALTED = "halted"


@attrs.frozen
class Told:
    """What the script is told: a server, its folders, and how many items take how long."""

    url: str
    folder: str
    calls: str
    items: int
    chunk: int
    item_s: float
    # Either of these.
    token: str | None = None
    user: str | None = None
    password: str | None = None
    # See `tests.support.executors`.
    executor: str = ""
    # Stops for ever once the run is created, before the folder names it.
    halts: bool = False


def halt(*_: object) -> NoReturn:
    """Tell of it, and stop for ever."""
    print(HALTED, flush=True)
    while True:
        time.sleep(ENDLESS_S)


def main() -> None:
    """Map until all items have values, and print the sum of these."""
    how = told(Told)

    def double(value: int) -> int:
        time.sleep(how.item_s)
        return 2 * value

    hasty()
    if how.halts:
        Order.publish = halt  # type: ignore[method-assign, assignment]
    with (
        Farm(how.url, user=how.user, password=how.password, token=how.token) as farm,
        executor(how.executor) as pool,
    ):
        results = farm.map(
            noting(Path(how.calls), double),
            range(how.items),
            folder=how.folder,
            chunk=how.chunk,
            workers=2,
            executor=pool,
            # On a busy machine an item may take long; what ends at once does not wait for it.
            grace_s=NET_S,
            **HASTY,
        )
        print(sum(results.values()))
    sys.exit(0)


if __name__ == "__main__":
    main()
