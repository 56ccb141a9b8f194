"""CHANGELOG.md: its sections by version, and the entries in them."""

from __future__ import annotations

import re

import attrs

UNRELEASED = "Unreleased"
_SECTION = re.compile(r"^## \[([^\]]+)\](?: - (\d{4}-\d{2}-\d{2}))?\s*$", re.MULTILINE)
_ENTRY = re.compile(r"^- ", re.MULTILINE)


@attrs.frozen
class Section:
    """One section.

    Attributes:
        version: its version, or `Unreleased`.
        date: the day of the release as YYYY-MM-DD; None if the heading has none.
        text: what is below its heading.
    """

    version: str
    date: str | None
    text: str

    @property
    def entries(self) -> list[str]:
        """The entries of the lists, each as one line."""
        parts = _ENTRY.split(re.sub(r"^#+ .*$", "", self.text, flags=re.MULTILINE))
        return [" ".join(part.split()) for part in parts[1:]]


def sections(text: str) -> list[Section]:
    """Return the sections of a changelog, the newest first as they are in the file."""
    heads = list(_SECTION.finditer(text))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    return [
        Section(head[1], head[2], text[head.end() : end])
        for head, end in zip(heads, ends, strict=True)
    ]


def section_of(text: str, version: str) -> Section | None:
    """Return the section of a version, or None."""
    return next((each for each in sections(text) if each.version == version), None)


def entries_since(text: str, version: str) -> list[str]:
    """Return the entries of all sections that are newer than a version's."""
    entries: list[str] = []
    for section in sections(text):
        if section.version == version:
            break
        entries += section.entries
    return entries


def release_before(text: str, version: str) -> str | None:
    """Return the newest released version that is listed and is not this one; None if none is."""
    listed = [each.version for each in sections(text)]
    return next((each for each in listed if each not in (UNRELEASED, version)), None)


def notes_missing(text: str, version: str) -> list[str]:
    """Return what keeps a changelog from being that of a release; nothing if it is ready."""
    section = section_of(text, version)
    if section is None:
        return [f"CHANGELOG.md has no section `## [{version}] - YYYY-MM-DD`"]
    missing = []
    if section.date is None:
        missing.append(f"the section [{version}] of CHANGELOG.md has no date")
    if not section.entries:
        missing.append(f"the section [{version}] of CHANGELOG.md lists no change")
    unreleased = section_of(text, UNRELEASED)
    if unreleased is not None and unreleased.entries:
        missing.append(f"CHANGELOG.md lists changes under [{UNRELEASED}]: move them to [{version}]")
    return missing
