"""The payload of every child process of one `Run.work`: the function and its surroundings.

It is one file without a name, whose descriptor they get: no part of it shows in a command line or
an environment, and a large function is written once.
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
    """The data that a child loads.

    Attributes:
        path: the caller's `sys.path`.
        script: the description of the caller's `__main__`.
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
    # An empty entry would mean each process's own current folder.
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
    """Return a file's content without moving its position, which all children share."""
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
