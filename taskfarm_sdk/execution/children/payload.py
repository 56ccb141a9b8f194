"""The payload of every child process of one `Run.work`: the caller's `sys.path`, the function.

It lies in one file that has no name, whose descriptor they get: nothing of it stands on a command
line or in an environment, and a function that holds much is written once.
"""

from __future__ import annotations

import json
import mmap
import sys
import tempfile
from typing import IO


def pack(function: bytes) -> IO[bytes]:
    """Return the file; `function` is what `functions.packed` made of it."""
    file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - the caller's to close
    # Not the empty entry's meaning, which is wherever the process is at the time.
    path = json.dumps([str(entry) for entry in sys.path]).encode()
    for part in (path, b"\n", function):
        view = memoryview(part)
        while view:
            view = view[file.write(view) :]
    return file


def read(descriptor: int) -> tuple[list[str], bytes]:
    """Return the path and the function; the file's position, which all share, stays."""
    with mmap.mmap(descriptor, 0, prot=mmap.PROT_READ) as content:
        path, _, function = content[:].partition(b"\n")
    return json.loads(path), function
