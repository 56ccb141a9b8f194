"""CITATION.cff, of this version and whole."""

from __future__ import annotations

from pathlib import Path

import taskfarm_sdk
from release import changelog, citation

ROOT = Path(__file__).parents[2]
FILE = ROOT / "CITATION.cff"


def test_the_file_is_of_this_version_and_whole() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    section = changelog.section_of(text, taskfarm_sdk.__version__)
    date = None if section is None else section.date
    assert citation.problems(FILE, taskfarm_sdk.__version__, date) == []


def test_it_names_the_paper_of_the_server() -> None:
    (paper,) = citation.read(FILE)["references"]
    assert (paper["type"], paper["doi"]) == ("article", "10.5334/jors.393")
    assert [set(author) for author in paper["authors"]] == [
        {"family-names", "given-names", "orcid"},
        {"family-names", "given-names", "orcid"},
    ]


def test_another_version_or_day_or_a_missing_part_is_told(tmp_path: Path) -> None:
    assert citation.problems(FILE, "9.9.9", None) == [
        f"CITATION.cff is of version {taskfarm_sdk.__version__}: write 9.9.9"
    ]
    file = tmp_path / "CITATION.cff"
    file.write_text(
        "cff-version: 1.2.0\nmessage: cite\ntitle: it\nversion: 1.0.0\nreferences:\n"
        "  - type: article\n    title: of it\n    doi: https://doi.org/10.1/x\n"
    )
    assert citation.problems(file, "1.0.0", "2027-01-02") == [
        "CITATION.cff has no authors",
        "CITATION.cff lacks `date-released: 2027-01-02`, the day in CHANGELOG.md",
        "a reference of CITATION.cff has no authors",
        "CITATION.cff: 'https://doi.org/10.1/x' is no DOI",
    ]
