"""Call a function for each point of a grid, and write the results to a table.

Run it as `python examples/sweep.py`; started again, it goes on where it ended. It uses the server
of your environment or saved login; if you have none, run `serveTF` in another terminal first. To
keep the results in another folder than `sweep`, give its name as the argument.
"""

from __future__ import annotations

import random
import sys

from taskfarm_sdk import Farm, Item, Items

STEPS = 2_000


def walk(item: Item[dict[str, float]]) -> dict[str, float]:
    """Return where a random walk with a drift ends, and how far it ever went."""
    steps = random.Random(item.seed)
    position = farthest = 0.0
    for _ in range(STEPS):
        position += steps.gauss(item.value["drift"], item.value["width"])
        farthest = max(farthest, abs(position))
    return {"end": position, "farthest": farthest}


if __name__ == "__main__":
    folder = sys.argv[1] if sys.argv[1:] else "sweep"
    grid = Items.grid(drift=[-0.1, 0.0, 0.1], width=[0.5, 1.0], repeat=range(50))
    with Farm() as farm:
        results = farm.map(walk, grid, folder=folder, pass_item=True)
    results.to_csv("sweep.csv")
    print(f"{len(results)} walks are in sweep.csv")
