"""Seeds for random generators: one for each item of each run, the same in every attempt."""

from __future__ import annotations

from hashlib import sha256

SEED_BYTES = 16


def item_seed(run_uuid: str, number: int, seed: int | None = None) -> int:
    """Return the seed of an item: 128 bits, the beginning of a SHA-256.

    Args:
        run_uuid: the run's UUID.
        number: the item's number; in chunks of 1 it is the task's.
        seed: the user's own number in place of the run's UUID, so that another run draws the same
            numbers.
    """
    origin = run_uuid.replace("-", "").lower() if seed is None else f"seed {seed}"
    return int.from_bytes(sha256(f"{origin}/{number}".encode()).digest()[:SEED_BYTES], "big")
