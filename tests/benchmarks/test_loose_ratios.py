"""Ratios that `make bench` shows, held loosely on any machine, however busy.

Counts of calls hold what Python does, and are the same each time. CPU time holds what C code does:
measured again until it is within its bound, for other programs only ever add to it.
"""

from __future__ import annotations

import gc
import json
import math
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import httpx

from benchmarks.mock_transport import bare_answered_by, farm_answered_by
from taskfarm_sdk import Farm, Task
from taskfarm_sdk._items.chunks import Chunks
from taskfarm_sdk._items.stored import write_items
from taskfarm_sdk._results.index import Index
from taskfarm_sdk._results.names import ITEMS
from taskfarm_sdk.execution.mapping.chunk_function import ChunkFunction
from taskfarm_sdk.execution.mapping.item_function import ItemFunction
from tests.support import results_folders
from tests.support.handles import NotingHandle

MOST_ROUNDS = 200
RUNS = 1_000
RUN = {"id": 1, "uuid": "0" * 32, "numTasks": 9}
COUNTS = {**RUN, "percentDone": 0.0, "numWaiting": 9, "numComputing": 0, "numDone": 0}
Act = Callable[[], object]
# Prints how many calls an import takes.
COUNTED_IMPORT = """
import sys
count = 0
def profile(frame, event, argument):
    global count
    count += event in ("call", "c_call")
sys.setprofile(profile)
import {name}
sys.setprofile(None)
print(count)
"""


@contextmanager
def no_collection() -> Iterator[None]:
    """Leave out the garbage collector, whose time is that of all objects of all tests."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def count_calls(act: Act) -> Counter[str]:
    """Return how often functions of Python and of C are called, by name, once all is warm."""
    found: Counter[str] = Counter()

    def profile(frame: FrameType, event: str, argument: object) -> None:
        if event == "call":
            found[frame.f_code.co_qualname] += 1
        elif event == "c_call":
            found[getattr(argument, "__qualname__", repr(argument))] += 1

    act()
    act()
    with no_collection():
        sys.setprofile(profile)
        try:
            act()
        finally:
            sys.setprofile(None)
    return found


def cpu_timed(act: Act) -> Callable[[], float]:
    """Return a function that returns how many seconds of CPU `act` takes in this process."""

    def measure() -> float:
        begin = time.process_time()
        act()
        return time.process_time() - begin

    return measure


def least_ratio(
    above: Callable[[], float], below: Callable[[], float], bound: float, least_rounds: int = 5
) -> float:
    """Return the ratio of the least that each gave, in rounds that end once it is in bounds.

    Each of the two is to take about as long as the other, so that both are disturbed alike.
    """
    least_above = least_below = math.inf
    with no_collection():
        for number in range(MOST_ROUNDS):
            least_above = min(least_above, above())
            least_below = min(least_below, below())
            if number + 1 >= least_rounds and least_above < bound * least_below:
                break
    return least_above / least_below


def child_cpu_s(code: str) -> float:
    before = os.times()
    subprocess.run([sys.executable, "-c", code], check=True)
    after = os.times()
    return sum(after[2:4]) - sum(before[2:4])


def calls_of_import(name: str) -> int:
    command = [sys.executable, "-c", COUNTED_IMPORT.format(name=name)]
    subprocess.run(command, check=True, capture_output=True)  # compiles, where nobody has
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def listing_of(runs: int) -> str:
    return json.dumps({"data": [{**RUN, "id": n, "uuid": f"{n:032x}"} for n in range(runs)]})


def farm_listing(text: str) -> Farm:
    """Return a farm whose server answers everything with this list of runs."""
    headers = {"content-type": "application/json"}
    return farm_answered_by(lambda _: httpx.Response(200, content=text, headers=headers))


def test_one_call_costs_little_more_than_httpx_alone() -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=COUNTS)

    with farm_answered_by(answer) as farm, bare_answered_by(answer) as bare:
        status = farm.get_run("0" * 32).status
        ours, theirs = count_calls(status), count_calls(lambda: bare.get("runs/x").json())
        assert ours.total() < 1.2 * theirs.total()
        ratio = least_ratio(
            cpu_timed(lambda: [status() for _ in range(50)]),
            cpu_timed(lambda: [bare.get("runs/x").json() for _ in range(50)]),
            bound=2,
        )
    assert ratio < 2


def test_a_thousand_runs_are_listed_in_a_small_multiple_of_reading_their_json() -> None:
    text = listing_of(RUNS)
    with farm_listing(text) as farm:
        assert len(farm.runs()) == RUNS
        calls = count_calls(farm.runs)
        assert calls["JSONDecoder.raw_decode"] == 1
        assert calls.total() < 30 * RUNS
        ratio = least_ratio(
            cpu_timed(farm.runs), cpu_timed(lambda: [json.loads(text) for _ in range(8)]), bound=2
        )
    assert ratio < 2


def test_what_listing_runs_costs_grows_with_their_number_and_no_faster() -> None:
    with farm_listing(listing_of(RUNS)) as few, farm_listing(listing_of(8 * RUNS)) as many:
        assert count_calls(many.runs).total() < 8 * count_calls(few.runs).total()
        ratio = least_ratio(
            cpu_timed(many.runs), cpu_timed(lambda: [few.runs() for _ in range(8)]), bound=2
        )
    assert ratio < 2


def test_an_item_that_does_nothing_takes_few_calls_of_its_own(tmp_path: Path) -> None:
    items, size = 4_000, 1_000
    folder = results_folders.new_folder(tmp_path / "sweep", items)
    chunks = Chunks.cut(items, size)
    folder.publish(ITEMS, lambda file: write_items(file, range(items), chunks))
    function = ChunkFunction(ItemFunction(id, pass_item=False), Index(folder, items), chunks, 10, 3)
    numbers = iter(range(chunks.tasks))
    calls = count_calls(
        lambda: function(Task(NotingHandle(number=next(numbers), run_uuid=results_folders.RUN)))
    )
    assert calls["ResultsWriter.success"] == size
    assert calls.total() < 30 * size


def test_importing_the_package_takes_a_fraction_of_importing_httpx() -> None:
    assert calls_of_import("taskfarm_sdk") < calls_of_import("httpx") / 8
    start_s = min(child_cpu_s("pass") for _ in range(2))
    ratio = least_ratio(
        lambda: child_cpu_s("import taskfarm_sdk") - start_s,
        lambda: child_cpu_s("import httpx") - start_s,
        bound=1,
        least_rounds=2,
    )
    assert ratio < 1
