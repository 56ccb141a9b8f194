"""CITATION.cff: whether it is of a version, and whole."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

_DOI = re.compile(r"^10\.\d{4,9}/\S+$")
# What the Citation File Format 1.2.0 asks for, of a file and of a reference.
_REQUIRED = ("cff-version", "message", "title", "authors")
_OF_A_REFERENCE = ("type", "title", "authors")


def read(path: Path) -> dict[str, Any]:
    """Return the document; days in it are texts, as JSON would hold them."""
    document: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)  # noqa: S506
    return document


def problems(path: Path, version: str, date: str | None) -> list[str]:
    """Return what keeps the file from being that of a release, as sentences.

    Args:
        path: the file.
        version: the release's version.
        date: its day, as YYYY-MM-DD; None if the changelog does not say it yet.
    """
    document = read(path)
    found = [f"CITATION.cff has no {key}" for key in _REQUIRED if not document.get(key)]
    if document.get("version") != version:
        found.append(f"CITATION.cff is of version {document.get('version')}: write {version}")
    if date is not None and document.get("date-released") != date:
        found.append(f"CITATION.cff lacks `date-released: {date}`, the day in CHANGELOG.md")
    for reference in document.get("references", []):
        missing = [key for key in _OF_A_REFERENCE if not reference.get(key)]
        found += [f"a reference of CITATION.cff has no {key}" for key in missing]
        if not _DOI.match(reference.get("doi", "")):
            found.append(f"CITATION.cff: {reference.get('doi')!r} is no DOI")
    return found
