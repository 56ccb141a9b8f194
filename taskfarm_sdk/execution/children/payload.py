"""The payload of every child process of one `Run.work`: the function, and what it is to find there.

It lies in one file that has no name, whose descriptor they get: nothing of it stands on a command
line or in an environment, and a function that holds much is written once.
"""

from __future__ import annotations

import json
import mmap
import sys
import tempfile
from collections.abc import Mapping
from typing import IO

import attrs

from taskfarm_sdk.execution.children.log_records import LogSetup
from taskfarm_sdk.execution.children.script import Packed, Script


@attrs.frozen
class Payload:
    """What a child takes along.

    Attributes:
        path: the caller's `sys.path`.
        script: what is known of the caller's `__main__`.
        log_setup: how the caller has set up logging.
        function: the function, pickled.
        extras: the script's other classes and functions, each pickled.
    """

    path: list[str]
    script: Script
    log_setup: LogSetup
    function: bytes = attrs.field(repr=False)
    extras: Mapping[str, bytes] = attrs.field(repr=False)


def pack(packed: Packed) -> IO[bytes]:
    """Return the file of a function and of this process."""
    # Not the empty entry's meaning, which is wherever the process is at the time.
    head = {
        "path": [str(entry) for entry in sys.path],
        "script": attrs.asdict(Script.here()),
        "log_setup": attrs.asdict(LogSetup.here()),
        "function": len(packed.function),
        "extras": {name: len(content) for name, content in packed.extras.items()},
    }
    file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - the caller's to close
    for part in (json.dumps(head).encode(), b"\n", packed.function, *packed.extras.values()):
        view = memoryview(part)
        while view:
            view = view[file.write(view) :]
    return file


def read(descriptor: int) -> Payload:
    """Return what a file holds; its position, which all share, stays."""
    with mmap.mmap(descriptor, 0, prot=mmap.PROT_READ) as content:
        at = content.find(b"\n") + 1
        head = json.loads(content[:at])

        def taken(size: int) -> bytes:
            nonlocal at
            at += size
            return content[at - size : at]

        return Payload(
            head["path"],
            Script(**head["script"]),
            LogSetup(**head["log_setup"]),
            taken(head["function"]),
            {name: taken(size) for name, size in head["extras"].items()},
        )
