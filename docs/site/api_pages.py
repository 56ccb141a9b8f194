"""Checks of the built pages of the Python API: all that is public, and nothing that is private.

`python -m docs.site.api_pages build/docs` ends with 1 and one line for each fault.
"""

from __future__ import annotations

import builtins
import collections.abc
import concurrent.futures
import contextlib
import datetime
import importlib
import os
import pathlib
import pkgutil
import re
import socket
import sys
import types
import typing
import zlib
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

import taskfarm_sdk

# Their pages are not here.
_ELSEWHERE = (
    *(builtins, collections.abc, concurrent.futures, contextlib, datetime, os, pathlib, socket),
    *(types, typing),
)
_TYPE_VARIABLE = re.compile(r"[A-Z](_co|_contra)?")
_TYPE = re.compile(r"(?<!\w)(?:\w+\.)*[A-Z]\w*")
# What Python prints for what has no name: a function, an address, what attrs fills in later.
_UNREADABLE = re.compile(r"[<~]|\bNOTHING\b|\b0x[0-9a-f]")
_PRIVATE = re.compile(r"(?<!\w)_[a-zA-Z]\w*")
# The package itself imports nothing.
_EXPORTED_BY = {"taskfarm_sdk.execution": "taskfarm_sdk.execution.parts"}
# What is in these parts of a signature is no type.
_NO_TYPES = {"default_value", "sig-name", "sig-prename", "property", "s", "headerlink"}


class Signature(NamedTuple):
    """What a page shows of a class, function, method or property.

    Attributes:
        name: its full name.
        text: all that is to be seen.
        unlinked: the types in it that lead nowhere.
    """

    name: str
    text: str
    unlinked: tuple[str, ...]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.signatures: list[Signature] = []
        self.visible: list[str] = []
        self._name: str | None = None
        self._text: list[str] = []
        self._types: list[str] = []
        # The classes of the elements that are open, of a signature.
        self._open: list[set[str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        classes = set(given.get("class", "").split())
        if tag == "dt" and {"sig", "py"} <= classes:
            self._name, self._text, self._types, self._open = given.get("id", ""), [], [], []
        elif self._name is not None:
            self._open.append(classes)

    def handle_endtag(self, tag: str) -> None:
        if self._name is None:
            return
        if tag != "dt":
            self._open.pop()
            return
        text = re.sub(r"\s+", " ", "".join(self._text)).strip()
        self.signatures.append(Signature(self._name, text, tuple(self._types)))
        self._name = None

    def handle_data(self, data: str) -> None:
        self.visible.append(data)
        if self._name is None:
            return
        inside = set().union(*self._open)
        if "headerlink" not in inside:
            self._text.append(data)
        if not inside & (_NO_TYPES | {"reference"}):
            self._types += _TYPE.findall(data)


def read(page: str) -> tuple[list[Signature], str]:
    """Return the signatures on a page, and all of its text.

    Args:
        page: the page, in HTML.
    """
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return reader.signatures, "".join(reader.visible)


def faults_of_page(page: str) -> Iterator[str]:
    """Yield a sentence for each part of a page that tells nothing, or what is private.

    Args:
        page: the page, in HTML.
    """
    signatures, text = read(page)
    for signature in signatures:
        shown = f"the signature {signature.text!r}"
        if found := _UNREADABLE.search(signature.text):
            yield f"{shown} has {found[0]!r}, which nobody can write"
        if found := _PRIVATE.search(signature.text):
            yield f"{shown} shows {found[0]}, which is private"
        for name in signature.unlinked:
            if not _is_elsewhere(name):
                yield f"{shown} names {name}, which leads nowhere"
    for name in sorted(set(re.findall(r"\btaskfarm_sdk(?:\.\w+)*\._[a-z]\w*", text))):
        yield f"it names {name}, which is private"


def _is_elsewhere(name: str) -> bool:
    last = name.rpartition(".")[2]
    known = any(hasattr(module, last) for module in _ELSEWHERE)
    return known or _TYPE_VARIABLE.fullmatch(last) is not None


def inventory(content: bytes) -> set[str]:
    """Return the names in an inventory of Sphinx (`objects.inv`) that belong to Python.

    Args:
        content: the file.
    """
    # Four lines of text, and lines that are compressed.
    lines = zlib.decompress(content.split(b"\n", 4)[4]).decode().splitlines()
    return {line.split(" ")[0] for line in lines if " py:" in line}


def public_names() -> Iterator[str]:
    """Yield the full names of all that the public modules of the package export."""
    found = pkgutil.iter_modules(taskfarm_sdk.__path__, "taskfarm_sdk.")
    for public in ("taskfarm_sdk", *(module.name for module in found if "._" not in module.name)):
        name = _EXPORTED_BY.get(public, public)
        module = importlib.import_module(name)
        yield from (f"{name}.{exported}" for exported in module.__all__)


def faults(folder: Path, names: Iterable[str]) -> Iterator[str]:
    """Yield a sentence for each name without an entry, and for each fault of the pages.

    Args:
        folder: the folder of the built pages.
        names: the names that must have one.
    """
    described = inventory((folder / "objects.inv").read_bytes())
    for name in sorted(set(names) - described):
        yield f"{name} is public and has no entry: name it in docs/reference/api"
    for path in sorted((folder / "reference" / "api").glob("*.html")):
        for fault in faults_of_page(path.read_text(encoding="utf-8")):
            yield f"{path.relative_to(folder)}: {fault}"


def main(folder: Path) -> int:
    """Print the faults, and return an exit status."""
    names = list(public_names())
    found = list(faults(folder, names))
    for fault in found:
        print(fault, file=sys.stderr)
    print(f"{len(found)} faults in the pages of the Python API, which has {len(names)} names")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
