"""One of our commands as people start it, but with other values of constants.

Its first argument is JSON: the `command`'s module, and the `constants` by their full names. The
others are the command's own.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module

if __name__ == "__main__":
    told = json.loads(sys.argv[1])
    for name, value in told["constants"].items():
        module, _, constant = name.rpartition(".")
        assert hasattr(import_module(module), constant), name
        setattr(import_module(module), constant, value)
    sys.exit(import_module(told["command"]).main(sys.argv[2:]))
