"""The names of the files in a results folder."""

from __future__ import annotations

import os
import re

# Each is created once, whole, and never changed; only the claim is replaced by its creator.
CLAIM = "creator.json"
LOCK = "creator.lock"
ORDER = "order.json"
FUNCTION = "function.pickle"
ITEMS = "items.bin"

SUFFIX = ".results1"
_MOST_OF_HOST = 60


def new_results_file() -> str:
    """Return a name for this process's results: host and pid for people, and a random part."""
    plain = re.sub(r"[^A-Za-z0-9.-]", "_", host())[:_MOST_OF_HOST]
    return f"{plain}-{os.getpid()}-{_random()}{SUFFIX}"


def host() -> str:
    """Return the name of this machine."""
    # The module `socket` has it too, and takes milliseconds to import.
    return os.uname().nodename


def is_results_file(name: str) -> bool:
    """Return whether a file of the folder holds results."""
    return name.endswith(SUFFIX) and not name.startswith(".")


def set_aside(name: str) -> str:
    """Return the name of a file that counts no more, and that nobody removed."""
    return f"{name}.set-aside"


def temporary(name: str) -> str:
    """Return a unique name under which a file is written before it gets its own."""
    return f".{name}.{_random()}.tmp"


def _random() -> str:
    return os.urandom(8).hex()
