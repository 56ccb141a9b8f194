"""Commands of ours with other values of constants."""

from __future__ import annotations

import json
import sys

from tests.programs import with_constants


def command_with(command: str, constants: dict[str, object]) -> tuple[str, ...]:
    """Return what starts a command's module with these constants, by their full names."""
    told = json.dumps({"command": command, "constants": constants})
    return sys.executable, with_constants.__file__, told
