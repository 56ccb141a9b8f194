"""Call a function for each task, in threads: for code that waits or computes outside Python.

Run it as `python examples/thread_pool.py FOLDER`: it prints the checksum of each file in FOLDER.
Threads share the memory of the script, so results need no files. But only code that releases the
GIL runs in parallel, for example hashing, compression, NumPy, downloads and databases.
"""

from __future__ import annotations

import hashlib
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from taskfarm_sdk import Farm, Task

FILES = sorted(path for path in Path(*sys.argv[1:]).rglob("*") if path.is_file())
CHECKSUMS: dict[Path, str] = {}


def checksum(task: Task) -> None:
    """Store the checksum of the task's file."""
    path = FILES[task.number]
    with path.open("rb") as file:
        CHECKSUMS[path] = hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    with Farm() as farm, ThreadPoolExecutor(8) as pool:
        farm.create_run(len(FILES)).work(checksum, executor=pool)
    for path in FILES:
        print(CHECKSUMS[path], path)
