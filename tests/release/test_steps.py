"""Steps of a release that look at git: the tree, the tags, and the API at the last one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from release import api, steps
from tests.support.repositories import commit_all, create_repository, git

FOLDERS = steps.Folders(Path("dist"), Path("scratch"))


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one commit, in which the steps look, of version 0.2.0."""
    monkeypatch.setattr(steps, "ROOT", tmp_path)
    monkeypatch.setattr(steps, "version", lambda: "0.2.0")
    (tmp_path / "CHANGELOG.md").write_text("## [0.2.0] - 2026-01-02\n\n- It.\n")
    api.write(tmp_path / "api", public("0.2.0"))
    create_repository(tmp_path)
    return tmp_path


@pytest.fixture(autouse=True)
def _one_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "public_api", public)


def public(version: str) -> dict[str, str]:
    return {"commands.txt": f"# The public API of taskfarm-sdk {version}, written\nworkTF -j\n"}


def test_a_clean_tree_of_a_new_version_is_ready(repository: Path) -> None:
    assert steps.tree(FOLDERS) == []
    (repository / "new").touch()
    (problem,) = steps.tree(FOLDERS)
    assert "the working tree has changes" in problem


def test_a_version_that_has_a_tag_is_refused(repository: Path) -> None:
    git(repository, "tag", "v0.2.0")
    (problem,) = steps.tree(FOLDERS)
    assert problem.startswith("the tag v0.2.0 exists: raise VERSION")


def test_before_the_first_release_there_is_nothing_to_compare_with(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (repository / "api").is_dir()
    assert steps.public_api(FOLDERS) == []
    assert "no release has a tag yet" in capsys.readouterr().out


def test_a_release_without_its_tag_is_not_taken_for_none(repository: Path) -> None:
    path = repository / "CHANGELOG.md"
    path.write_text(f"{path.read_text()}\n## [0.1.0] - 2026-01-01\n\n- All.\n")
    (problem,) = steps.public_api(FOLDERS)
    assert problem.startswith("CHANGELOG.md lists 0.1.0, but the last tag here is none: run `git")
    git(repository, "tag", "v0.0.9")
    (problem,) = steps.public_api(FOLDERS)
    assert problem.startswith("CHANGELOG.md lists 0.1.0, but the last tag here is v0.0.9: run")
    git(repository, "tag", "v0.1.0")
    git(repository, "tag", "--delete", "v0.0.9")
    assert steps.public_api(FOLDERS) == []


def test_an_api_that_is_not_the_sources_is_refused(repository: Path) -> None:
    (repository / "api" / "commands.txt").write_text("workTF -j\n")
    assert steps.public_api(FOLDERS) == [
        "api/ is not the API of the sources: run `make api`, and commit it"
    ]


def test_the_api_at_the_last_tag_is_compared_with(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = public("0.2.0")
    old = {"commands.txt": public("0.1.0")["commands.txt"] + "workTF --gone\n"}
    api.write(repository / "api", old)
    commit_all(repository)
    git(repository, "tag", "v0.1.0")
    api.write(repository / "api", now)
    commit_all(repository)
    assert steps.public_api(FOLDERS) == [
        "CHANGELOG.md does not name: workTF --gone: the option was removed"
    ]
    assert "breaks since v0.1.0: 1" in capsys.readouterr().out
    (repository / "CHANGELOG.md").write_text(
        "## [0.2.0] - 2026-01-02\n\n- Without `workTF --gone`.\n\n## [0.1.0]\n"
    )
    assert steps.public_api(FOLDERS) == []
    monkeypatch.setattr(steps, "version", lambda: "0.1.1")
    problems = steps.public_api(FOLDERS)
    assert "after v0.1.0 the next version with these changes is 0.2.0 or later" in problems


def test_changelog_and_citation_must_be_of_the_version(repository: Path) -> None:
    (repository / "CITATION.cff").write_text(
        "cff-version: 1.2.0\nmessage: m\ntitle: t\nauthors: [{name: n}]\nversion: 0.1.0\n"
    )
    assert steps.texts(FOLDERS) == [
        "CITATION.cff is of version 0.1.0: write 0.2.0",
        "CITATION.cff lacks `date-released: 2026-01-02`, the day in CHANGELOG.md",
    ]


def test_the_last_words_name_the_files_and_the_commands(repository: Path) -> None:
    (repository / "dist").mkdir()
    for name in ("it.whl", "it.cdx.json", "it.tar.gz"):
        (repository / "dist" / name).write_bytes(b"")
    words = steps.last_words(steps.Folders(repository / "dist", repository))
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert f"  {empty}  dist/it.whl" in words
    assert "  git tag --annotate v0.2.0 --message 'taskfarm-sdk 0.2.0'" in words
    # Of the SBOM an index wants nothing.
    assert words.endswith("  twine upload dist/it.tar.gz dist/it.whl")


def test_an_sbom_names_no_file_of_this_machine() -> None:
    web = {"type": "website", "url": "https://host.invalid/"}
    wheel = {"type": "distribution", "url": "file:///home/me/it.whl"}
    document = {
        "components": [
            {"name": "it", "externalReferences": [wheel]},
            {"name": "of-it", "externalReferences": [wheel, web]},
            {"name": "bare"},
        ]
    }
    assert json.loads(steps.without_paths(json.dumps(document))) == {
        "components": [
            {"name": "it"},
            {"name": "of-it", "externalReferences": [web]},
            {"name": "bare"},
        ]
    }
