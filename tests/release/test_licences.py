"""The list of licences, from the metadata of what is installed."""

from __future__ import annotations

import re
import sys
from email.message import Message
from importlib.metadata import Distribution, PackageMetadata
from pathlib import Path
from typing import cast

import pytest

from release import licences

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "licences.md"


class Described(Distribution):
    """A distribution that has only metadata."""

    def __init__(self, **metadata: str) -> None:
        self._message = Message()
        for name, value in metadata.items():
            self._message[name.replace("_", "-")] = value

    @property
    def metadata(self) -> PackageMetadata:
        """What was given."""
        return cast("PackageMetadata", self._message)

    def read_text(self, filename: str) -> str | None:
        """Return nothing, for there are no files."""

    def locate_file(self, path: object) -> Path:
        """Return a file that does not exist."""
        raise FileNotFoundError(path)


BSD = "License :: OSI Approved :: BSD License"


@pytest.mark.parametrize(
    ("metadata", "licence"),
    [
        ({"License_Expression": "MIT", "License": "other"}, "MIT"),
        ({"License": "BSD-3-Clause", "Classifier": BSD}, "BSD-3-Clause"),
        ({"License": "Copyright me\nAll of\nthe text", "Classifier": BSD}, "BSD"),
        ({"License": "MIT License\n\nAll of\nthe text"}, "MIT"),
        ({"Classifier": "License :: OSI Approved :: MIT License"}, "MIT"),
        ({"Classifier": "Topic :: Internet"}, licences.UNKNOWN),
    ],
)
def test_a_licence_is_told_in_a_few_words(metadata: dict[str, str], licence: str) -> None:
    assert licences.licence_of(Described(**metadata)) == licence


def licences_by_name(page: str) -> dict[str, str]:
    cells = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| ")]
    return {name: licence for name, licence, _ in cells[2:]}


def test_the_page_lists_what_is_installed() -> None:
    page = PAGE.read_text(encoding="utf-8")
    if sys.version_info[:2] == (3, 11):
        assert page == licences.page(), "run `make licences`"
    # Newer Pythons need less beside them.
    assert licences_by_name(licences.page()).items() <= licences_by_name(page).items()


def test_each_extra_brings_its_own_and_each_licence_is_stated() -> None:
    found = {each.name: each for each in licences.installed()}
    assert found["httpx"].wanted_by == ()
    assert found["taskfarm"].wanted_by == ("server",)
    assert found["distributed"].wanted_by == ("dask",)
    assert found["starlette"].wanted_by == ("view",)
    assert licences.PACKAGE not in found
    assert "pytest" not in found
    assert not [each for each in found.values() if each.licence == licences.UNKNOWN]


def test_only_the_extra_of_the_server_brings_the_gpl() -> None:
    strict = [e for e in licences.installed() if re.search(r"\bA?GPL", e.licence)]
    assert [(each.name, each.wanted_by) for each in strict] == [("taskfarm", ("server",))]
