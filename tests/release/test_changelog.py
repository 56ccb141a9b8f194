"""Sections and entries of a changelog."""

from __future__ import annotations

from release import changelog

TEXT = """\
# Changelog

## [Unreleased]

### Added

- One thing,
  over two lines.
- Another.

### Removed

- A third.

## [0.2.0] - 2027-03-04

- In 0.2.

## [0.1.0] - 2026-12-01

### Added

- All.
"""


def test_sections_are_in_the_order_of_the_file_with_their_days() -> None:
    found = changelog.sections(TEXT)
    assert [(each.version, each.date) for each in found] == [
        ("Unreleased", None),
        ("0.2.0", "2027-03-04"),
        ("0.1.0", "2026-12-01"),
    ]
    assert found[0].entries == ["One thing, over two lines.", "Another.", "A third."]


def test_the_entries_since_a_release_are_of_all_newer_sections() -> None:
    assert changelog.entries_since(TEXT, "0.2.0") == [
        "One thing, over two lines.",
        "Another.",
        "A third.",
    ]
    assert changelog.entries_since(TEXT, "0.1.0")[-1] == "In 0.2."
    assert changelog.entries_since(TEXT, "0.0.9")[-1] == "All."


def test_the_release_before_a_version_is_the_next_that_is_listed() -> None:
    assert changelog.release_before(TEXT, "0.3.0") == "0.2.0"
    assert changelog.release_before(TEXT, "0.2.0") == "0.1.0"
    only = "## [Unreleased]\n\n## [0.1.0] - 2026-12-01\n"
    assert changelog.release_before(only, "0.1.0") is None


def test_a_changelog_is_ready_with_a_dated_section_and_nothing_unreleased() -> None:
    ready = TEXT.replace("## [Unreleased]", "## [0.3.0] - 2027-05-06")
    assert changelog.notes_missing(ready, "0.3.0") == []
    assert changelog.notes_missing(f"## [Unreleased]\n\n{ready}", "0.3.0") == []


def test_what_is_missing_is_told() -> None:
    assert changelog.notes_missing(TEXT, "0.3.0") == [
        "CHANGELOG.md has no section `## [0.3.0] - YYYY-MM-DD`"
    ]
    (unreleased,) = changelog.notes_missing(TEXT, "0.2.0")
    assert "lists changes under [Unreleased]: move them to [0.2.0]" in unreleased
    undated = "## [0.3.0]\n"
    assert changelog.notes_missing(undated, "0.3.0") == [
        "the section [0.3.0] of CHANGELOG.md has no date",
        "the section [0.3.0] of CHANGELOG.md lists no change",
    ]
