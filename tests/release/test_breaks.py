"""Breaks of the public API, found by griffe, and named by the changelog or not."""

from __future__ import annotations

from pathlib import Path

import pytest

from release import __main__ as tool
from release import api, breaks, steps

OLD = """
LIMIT_S: float

class Farm:

    def map(self, items: list[int], *, chunk: int=1) -> str:
        ...

    def close(self) -> None:
        ...

def join(folder: str) -> None:
    ...
"""


def found(new: str) -> list[str]:
    files = {"taskfarm_sdk.pyi": OLD}
    return [str(each) for each in breaks.find_breaks(files, {"taskfarm_sdk.pyi": new})]


def test_the_same_and_more_breaks_nothing() -> None:
    more = OLD.replace("chunk: int=1", "chunk: int=1, quick: bool=False") + "\nclass New: ...\n"
    assert found(OLD) == []
    assert found(more) == []


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        (", *, chunk: int=1", "", "Farm.map(chunk): parameter was removed"),
        ("chunk: int=1", "chunk: int=2", "Farm.map(chunk): parameter default was changed"),
        ("chunk: int=1", "chunk: int", "Farm.map(chunk): parameter is now required"),
        ("def close", "def shut", "Farm.close: public object was removed"),
        (
            "def join(folder: str)",
            "def join(folder: str, to: str)",
            "join(to): parameter was added",
        ),
        ("class Farm", "class Barn", "Farm: public object was removed"),
        ("LIMIT_S", "LIMIT", "LIMIT_S: public object was removed"),
    ],
)
def test_a_break_is_found_and_named(before: str, after: str, named: str) -> None:
    assert any(line.startswith(named) for line in found(OLD.replace(before, after)))


def test_a_module_and_an_option_that_are_gone_are_breaks() -> None:
    head = "# The public API of taskfarm-sdk 0.1.0, written by `make api`.\n"
    old = {"taskfarm_sdk.charts.pyi": head, "commands.txt": f"{head}workTF --chunk\nworkTF -j\n"}
    new = {"commands.txt": head.replace("0.1.0", "0.2.0") + "workTF --jobs\nworkTF -j\n"}
    assert [str(each) for each in breaks.find_breaks(old, new)] == [
        "charts: the module was removed",
        "workTF --chunk: the option was removed",
    ]


def test_a_break_is_named_by_its_name_and_its_parameter_as_code() -> None:
    broken = breaks.Break("Farm.map", "chunk", "parameter was removed")
    assert broken.is_named_in("`Farm.map` lost `chunk`: use `items`.")
    assert broken.is_named_in("`Farm.map(chunk=…)` is gone.")
    for entry in (
        "Farm.map lost chunk.",
        "`Farm.map` is quicker.",
        "`AsyncFarm.map` lost `chunk`.",
        "`Farm.map_all` lost `chunk`.",
        "`Farm.map` lost `chunks`.",
    ):
        assert not broken.is_named_in(entry)


@pytest.mark.parametrize(
    ("last", "count", "lowest"),
    [("0.1.3", 0, "0.1.4"), ("0.1.3", 1, "0.2.0"), ("1.4.2", 0, "1.4.3"), ("1.4.2", 2, "2.0.0")],
)
def test_a_break_raises_the_second_number_or_from_1_on_the_first(
    last: str, count: int, lowest: str
) -> None:
    assert breaks.asks_for(last, [breaks.Break("Farm", "", "gone")] * count) == lowest


@pytest.fixture
def released(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a changelog, and the tool looking there."""
    monkeypatch.setattr(tool, "ROOT", tmp_path)
    monkeypatch.setattr(tool, "API", tmp_path / "api")
    monkeypatch.setattr(steps, "version", lambda: "0.2.0")
    (tmp_path / "CHANGELOG.md").write_text("## [Unreleased]\n\n## [0.1.0] - 2026-01-02\n\n- It.\n")
    return tmp_path


def release_with_one_option_more(folder: Path) -> None:
    files = api.public_api("0.1.0", ("taskfarm_sdk.testing",))
    files["commands.txt"] += "workTF --gone\n"
    files["taskfarm_sdk.testing.pyi"] += "\ndef gone(port: int) -> None:\n    ...\n"
    api.write(folder / "api", files)


def test_before_the_first_release_the_check_says_so_and_passes(
    released: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tool.check_api() == 0
    assert capsys.readouterr().out == (
        "no release yet (there is no api/): no API to compare with\n"
    )
    assert not (released / "api").exists()


def test_the_check_fails_until_the_changelog_names_each_break(
    released: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    release_with_one_option_more(released)
    assert tool.check_api() == 1
    assert capsys.readouterr().err.splitlines() == [
        "CHANGELOG.md must name, as code: testing.gone: public object was removed",
        "CHANGELOG.md must name, as code: workTF --gone: the option was removed",
    ]
    assert tool.write_api() == 1
    assert "workTF --gone" in (released / "api" / "commands.txt").read_text()
    told = (
        "## [Unreleased]\n\n### Removed\n\n- `testing.gone`, and the option\n  `workTF --gone`.\n\n"
    )
    (released / "CHANGELOG.md").write_text(told + "## [0.1.0] - 2026-01-02\n\n- It.\n")
    assert tool.check_api() == 0
    assert tool.write_api() == 0
    assert api.version_of(api.read(released / "api")) == "0.2.0"
    assert tool.check_api() == 0


def test_what_an_earlier_release_said_of_a_break_does_not_count(released: Path) -> None:
    release_with_one_option_more(released)
    (released / "CHANGELOG.md").write_text(
        "## [Unreleased]\n\n## [0.1.0] - 2026-01-02\n\n- `testing.gone` and `workTF --gone`.\n"
    )
    assert tool.check_api() == 1
