"""Import what tests import, and print which constants of the package that changed."""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path

PACKAGES = ("taskfarm_sdk", "taskfarm_cli")
FOLDERS = ("programs", "support")
TESTS = Path(__file__).parents[1]


def modules() -> Iterator[str]:
    """Return the names of the package's modules."""
    for name in PACKAGES:
        package = importlib.import_module(name)
        for found in pkgutil.walk_packages(package.__path__, f"{name}."):
            if not found.name.endswith("__main__"):
                yield found.name


def constants() -> dict[str, float]:
    """Return the numbers that the package's modules hold as constants."""
    return {
        f"{module}.{name}": value
        for module in modules()
        for name, value in vars(importlib.import_module(module)).items()
        if name.isupper() and isinstance(value, int | float)
    }


def helpers() -> list[str]:
    """Return the names of the programs and helpers that tests import."""
    files = [file for name in FOLDERS for file in (TESTS / name).rglob("*.py")]
    return [".".join(file.relative_to(TESTS.parent).with_suffix("").parts) for file in files]


def main() -> None:
    """Print how many constants there are, and those that an import changed."""
    before = constants()
    for name in helpers():
        importlib.import_module(name)
    after = constants()
    changed = sorted(name for name, value in before.items() if after[name] != value)
    json.dump({"constants": len(before), "changed": changed}, sys.stdout)


if __name__ == "__main__":
    main()
