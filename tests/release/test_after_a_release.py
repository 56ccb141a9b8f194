"""A package that was released: what `make check-api` and `make release` say of the next changes."""

from __future__ import annotations

import importlib
import shutil
import sys
from pathlib import Path

import attrs
import pytest

from release import __main__ as tool
from release import api, steps
from tests.support.repositories import commit_all, create_repository, git

NAME = "pack_that_was_released"
SOURCE = """
__all__ = ["Farm", "join"]

class Farm:
    def map(self, items: list[int], *, chunk: int = 1) -> str:
        return str(items[chunk])

def join(folder: str) -> None: ...
"""
RELEASED = "## [0.1.0] - 2026-01-02\n\n### Added\n\n- All.\n"
FOLDERS = steps.Folders(Path("dist"), Path("scratch"))
# Each: what is edited, what it becomes, what is found, and an entry that names it.
BREAKS = {
    "a function that is gone": (
        ', "join"]',
        "]",
        f"{NAME}.join: public object was removed",
        f"`{NAME}.join` is gone: use `Farm.map`.",
    ),
    "an argument with another name": (
        "chunk",
        "size",
        f"{NAME}.Farm.map(chunk): parameter was removed",
        f"`{NAME}.Farm.map` has `size` in place of `chunk`.",
    ),
    "another default": (
        "chunk: int = 1",
        "chunk: int = 2",
        f"{NAME}.Farm.map(chunk): parameter default was changed",
        f"`{NAME}.Farm.map(chunk=…)` is 2 by default.",
    ),
}
_public_api = api.public_api


@attrs.define
class Project:
    """A small package in a repository, whose first release has a tag."""

    folder: Path
    version: str = "0.1.0"

    def public_api(self, version: str) -> dict[str, str]:
        """Return the API of the sources as they are now."""
        sys.modules.pop(NAME, None)
        importlib.invalidate_caches()
        api._tree.cache_clear()
        return _public_api(version, (NAME,))

    def edit(self, before: str, after: str) -> None:
        """Change the sources."""
        path = self.folder / f"{NAME}.py"
        path.write_text(path.read_text().replace(before, after))

    def tell(self, heading: str, *entries: str) -> None:
        """Write a section above that of the first release."""
        lines = "".join(f"- {entry}\n" for entry in entries)
        (self.folder / "CHANGELOG.md").write_text(f"## [{heading}\n\n{lines}\n{RELEASED}")

    def go_on_in(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        """Have the tools look at another copy of the repository."""
        self.folder = folder
        patch.setattr(tool, "ROOT", folder)
        patch.setattr(tool, "API", folder / "api")
        patch.setattr(steps, "ROOT", folder)
        patch.syspath_prepend(folder)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The package, released as 0.1.0, with nothing changed since."""
    made = Project(tmp_path / "first")
    made.folder.mkdir()
    made.go_on_in(made.folder, monkeypatch)
    # Of two sources that are edited within a second, Python could load the first one's bytecode.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr(steps, "version", lambda: made.version)
    monkeypatch.setattr(api, "public_api", made.public_api)
    monkeypatch.setattr(api, "options", lambda: ["workTF -j"])
    (made.folder / f"{NAME}.py").write_text(SOURCE)
    made.tell("Unreleased]")
    assert tool.write_api() == 0
    create_repository(made.folder)
    git(made.folder, "tag", "v0.1.0")
    return made


def test_right_after_a_release_there_is_no_break(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tool.check_api() == 0
    assert "breaks of the API since 0.1.0: 0, of which unnamed: 0" in capsys.readouterr().out
    (problem,) = steps.tree(FOLDERS)
    assert problem.startswith("the tag v0.1.0 exists")


@pytest.mark.parametrize("kind", BREAKS)
def test_a_break_stops_check_and_release_until_it_is_named(
    project: Project, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before, after, found, entry = BREAKS[kind]
    project.edit(before, after)
    project.tell("Unreleased]", "Something else.")
    assert tool.check_api() == 1
    assert f"CHANGELOG.md must name, as code: {found}" in capsys.readouterr().err
    project.version = "0.2.0"
    assert tool.write_api() == 1
    assert f"CHANGELOG.md does not name: {found}" in steps.public_api(FOLDERS)

    project.tell("0.2.0] - 2026-02-03", entry)
    assert tool.check_api() == 0
    assert tool.write_api() == 0
    commit_all(project.folder)
    assert steps.public_api(FOLDERS) == []
    assert steps.tree(FOLDERS) == []


def test_a_break_needs_more_than_the_third_number(project: Project) -> None:
    project.version = "0.1.1"
    project.edit(*BREAKS["another default"][:2])
    project.tell("0.1.1] - 2026-02-03", BREAKS["another default"][3])
    assert tool.write_api() == 0
    assert steps.public_api(FOLDERS) == [
        "after v0.1.0 the next version with these changes is 0.2.0 or later"
    ]


def test_a_release_that_breaks_nothing_needs_only_the_third_number(project: Project) -> None:
    project.version = "0.1.1"
    project.edit("chunk: int = 1", "chunk: int = 1, quick: bool = False")
    project.tell("0.1.1] - 2026-02-03", "More.")
    assert steps.public_api(FOLDERS) == [
        "api/ is not the API of the sources: run `make api`, and commit it"
    ]
    assert tool.write_api() == 0
    commit_all(project.folder)
    assert steps.public_api(FOLDERS) == []
    assert steps.tree(FOLDERS) == []


def test_a_clone_without_tags_finds_breaks_and_makes_no_release(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = project.folder.with_name("clone")
    git(project.folder.parent, "clone", "--quiet", "--no-tags", str(project.folder), str(clone))
    shutil.rmtree(project.folder)
    project.go_on_in(clone, monkeypatch)
    assert tool.check_api() == 0
    project.edit(*BREAKS["another default"][:2])
    assert tool.check_api() == 1
    project.version = "0.2.0"
    (missing,) = [each for each in steps.public_api(FOLDERS) if "tag" in each]
    assert missing.startswith("CHANGELOG.md lists 0.1.0, but the last tag here is none")
