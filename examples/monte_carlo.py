"""Estimate pi by random points, in thousands of small items with a seed each.

Run it as `python examples/monte_carlo.py`. It uses the server of your environment or saved login;
if you have none, run `serveTF` in another terminal first. The estimate is the same each time, on
any number of processes; another seed, `python examples/monte_carlo.py 7`, gives another one.
"""

from __future__ import annotations

import random
import statistics
import sys

from taskfarm_sdk import Farm, Item

POINTS = 1_000
ITEMS = 2_000


def estimate(item: Item[int]) -> float:
    """Return an estimate by points of this item's own."""
    rng = random.Random(item.seed)
    inside = sum(rng.random() ** 2 + rng.random() ** 2 < 1 for _ in range(POINTS))
    return 4 * inside / POINTS


if __name__ == "__main__":
    seed = int(sys.argv[1]) if sys.argv[1:] else 0
    with Farm() as farm:
        results = farm.map(estimate, range(ITEMS), folder=f"pi-{seed}", pass_item=True, seed=seed)
    estimates = list(results.values())
    error = statistics.stdev(estimates) / ITEMS**0.5
    print(f"pi is {statistics.fmean(estimates):.5f}, give or take {error:.5f}")
