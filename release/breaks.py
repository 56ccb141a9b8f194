"""Breaks of the public API since a release, and whether the changelog names them.

griffe finds them, in the stubs of `api/` and in those of the sources. The stubs are compared, and
not the sources at the release's tag, because a clone may lack tags and older commits, as that of CI
does, and because a diff of `api/` shows a reviewer what a change does to users.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import attrs

from release.api import COMMANDS_FILE


@attrs.frozen
class Break:
    """One thing that programs or scripts could use before, and cannot now.

    Attributes:
        name: the class, method, function, module or option, such as `Farm.map`.
        parameter: the parameter, or "" if it is about the whole.
        change: what was done to it.
    """

    name: str
    parameter: str
    change: str

    def __str__(self) -> str:
        what = f"{self.name}({self.parameter})" if self.parameter else self.name
        return f"{what}: {self.change}"

    def is_named_in(self, entry: str) -> bool:
        """Return whether an entry of the changelog names it, and its parameter, as code."""
        code = " ".join(re.findall(r"`([^`]+)`", entry))
        words = [self.name, self.parameter] if self.parameter else [self.name]
        return all(re.search(rf"(?<![\w.-]){re.escape(word)}(?![\w-])", code) for word in words)


def find_breaks(old: dict[str, str], new: dict[str, str]) -> list[Break]:
    """Return the breaks between two contents of `api/`, sorted by name."""
    found: list[Break] = []
    for name, before in old.items():
        after = new.get(name)
        if name == COMMANDS_FILE:
            found += _options_gone(before, after or "")
        elif after is None:
            found.append(Break(_short(name.removesuffix(".pyi")), "", "the module was removed"))
        else:
            found += _breaks_of(name.removesuffix(".pyi"), before, after)
    return sorted(set(found), key=str)


def unnamed(breaks: Iterable[Break], entries: Iterable[str]) -> list[Break]:
    """Return the breaks that no entry of the changelog names."""
    told = list(entries)
    return [each for each in breaks if not any(each.is_named_in(entry) for entry in told)]


def asks_for(version: str, breaks: Iterable[Break]) -> str:
    """Return the lowest next version that may have these breaks.

    Args:
        version: the last release, such as 0.1.0.
        breaks: the breaks since then.
    """
    major, minor, patch = (int(part) for part in version.split(".")[:3])
    if not list(breaks):
        return f"{major}.{minor}.{patch + 1}"
    return f"0.{minor + 1}.0" if major == 0 else f"{major + 1}.0.0"


def _options_gone(old: str, new: str) -> Iterator[Break]:
    def lines(text: str) -> set[str]:
        return {line for line in text.splitlines() if not line.startswith("#")}

    for gone in sorted(lines(old) - lines(new)):
        yield Break(gone, "", "the option was removed")


def _breaks_of(module: str, old: str, new: str) -> Iterator[Break]:
    import griffe

    before, after = (
        griffe.visit(module, filepath=Path(f"{module}.pyi"), code=text) for text in (old, new)
    )
    for found in griffe.find_breaking_changes(before, after):
        parameter = ""
        if found.kind.name.startswith("PARAMETER_"):
            parameter = (found.old_value or found.new_value).name
        yield Break(_short(found.obj.path), parameter, _change(found))


def _change(found: object) -> str:
    kind = str(found.kind.value)  # type: ignore[attr-defined]
    return kind[:1].lower() + kind[1:]


def _short(path: str) -> str:
    return path.removeprefix("taskfarm_sdk.")
