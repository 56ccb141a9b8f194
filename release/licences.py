"""The licences of what the package installs, from the metadata of the installed packages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution

import attrs
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PACKAGE = "taskfarm-sdk"
_CLASSIFIER = re.compile(r"^License :: (?:OSI Approved :: )?(.+)$")
# For those whose metadata says it with a whole text, or only with words.
_SAID_OTHERWISE = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "BSD 3-Clause": "BSD-3-Clause",
    "GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
    "GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "MIT": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "Zope Public License": "ZPL-2.1",
}
UNKNOWN = "not stated"


@attrs.frozen(order=True)
class Installed:
    """A package that is installed with this one.

    Attributes:
        name: its name, in lower case.
        licence: its licence, as its metadata says.
        wanted_by: `""` if the package always needs it, else the extras that do.
    """

    name: str
    licence: str
    wanted_by: tuple[str, ...]


def installed(package: str = PACKAGE) -> list[Installed]:
    """Return all that a package and its extras install, by name; itself is not among them."""
    found = distribution(package)
    extras = found.metadata.get_all("Provides-Extra") or []
    wanted: dict[str, list[str]] = {}
    for extra in ["", *extras]:
        for name in closure(found, extra):
            wanted.setdefault(name, []).append(extra)
    return sorted(
        Installed(
            name,
            licence_of(distribution(name)),
            () if "" in by else tuple(by),
        )
        for name, by in wanted.items()
    )


def licence_of(found: Distribution) -> str:
    """Return a package's licence in a few words."""
    metadata = found.metadata
    if expression := _field(found, "License-Expression"):
        return expression
    classified = [
        match[1]
        for text in metadata.get_all("Classifier") or []
        if (match := _CLASSIFIER.match(text))
    ]
    said = _field(found, "License")
    # The expression that is in the old field says more than "BSD License".
    if re.fullmatch(r"[\w.+-]+( (AND|OR|WITH) [\w.+-]+)*", said):
        return _SAID_OTHERWISE.get(said, said)
    if classified:
        return " AND ".join(_SAID_OTHERWISE.get(each, each) for each in classified)
    first = said.partition("\n")[0]
    return _SAID_OTHERWISE.get(first, first) or UNKNOWN


def page() -> str:
    """Return the page docs/reference/licences.md."""
    lines = []
    for each in installed():
        wanted = ", ".join(f"`{extra}`" for extra in each.wanted_by) or "always"
        lines.append(f"| {each.name} | {each.licence} | {wanted} |")
    return _PAGE + "\n".join(lines) + "\n"


def closure(found: Distribution, extra: str) -> set[str]:
    """Return the names of all that a package needs, with one of its extras or none."""
    names: set[str] = set()
    left = [(found, frozenset({extra}))]
    seen: set[tuple[str, frozenset[str]]] = set()
    while left:
        each, extras = left.pop()
        key = (canonicalize_name(each.metadata["Name"]), extras)
        if key in seen:
            continue
        seen.add(key)
        for wanted in _needed(each, extras):
            name = canonicalize_name(wanted.name)
            try:
                left.append((distribution(name), frozenset({"", *wanted.extras})))
            except PackageNotFoundError:
                continue  # on other systems, or in an environment without the extra
            names.add(name)
    return names


def _field(found: Distribution, name: str) -> str:
    return str(found.metadata[name]).strip() if name in found.metadata else ""


def _needed(found: Distribution, extras: frozenset[str]) -> Iterator[Requirement]:
    for text in found.requires or []:
        wanted = Requirement(text)
        marker = wanted.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in extras):
            yield wanted


_PAGE = """\
# Licences of what is installed

taskfarm-sdk has the [MIT licence](../../LICENSE). It copies no code of the packages that it needs:
pip installs these beside it, each under its own licence. The server of the extra `server` is GPL;
the SDK starts it as a process of its own and talks to it over HTTP.

The list holds what is installed on Linux with Python 3.11, and the licence that each package states
in its metadata. `make licences` writes it from the installed packages. Beside each release is a
list with versions, `taskfarm_sdk-VERSION.cdx.json`: an SBOM in the format of CycloneDX.

| package | licence | installed |
| --- | --- | --- |
"""
