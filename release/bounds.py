"""The lower bounds of pyproject.toml, as constraints for pip.

pip cannot be asked for the lowest versions, but a constraint `name==bound` for each bound asks for
the same. So each bound must be a release that exists, which makes it one that can be tested.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement


def extras(pyproject: Path) -> list[str]:
    """Return the names of the package's extras."""
    return list(_project(pyproject)["optional-dependencies"])


def requirements(pyproject: Path) -> Iterator[Requirement]:
    """Yield the requirements of the package and of its extras."""
    project = _project(pyproject)
    for text in project["dependencies"]:
        yield Requirement(text)
    for extra in project["optional-dependencies"].values():
        yield from map(Requirement, extra)


def lowest(wanted: Requirement) -> str:
    """Return the constraint that allows only the lowest version of a requirement.

    Raises:
        ValueError: it has no lower bound, so that nobody knows what works.
    """
    for part in wanted.specifier:
        if part.operator in (">=", "=="):
            return f"{wanted.name}=={part.version}"
    raise ValueError(f"{wanted} has no lower bound: write the lowest version that works")


def constraints(pyproject: Path) -> str:
    """Return the text of a constraints file with the lowest version of each requirement."""
    return "".join(f"{line}\n" for line in sorted(set(map(lowest, requirements(pyproject)))))


def _project(pyproject: Path) -> dict[str, Any]:
    table: dict[str, Any] = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    return table
