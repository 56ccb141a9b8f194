"""The how-to page about commands over inputs: each of its commands is one that workTF plans."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from taskfarm_cli.work.command_line.parse import parse
from taskfarm_cli.work.plan import Plan

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "commands-over-inputs.md"
TEXT = PAGE.read_text(encoding="utf-8")
COMMANDS = re.findall(r"^(?:.*\| )?workTF (.* -- .*)$", TEXT, flags=re.MULTILINE)
TABLE = re.findall(r"^(name,lat,lon\n(?:[^`\n]+\n)+)", TEXT, flags=re.MULTILINE)[0]


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the files that the page names."""
    monkeypatch.chdir(tmp_path)
    Path("files.txt").write_text("a.nc\nb.nc\n")
    Path("sites.csv").write_text(TABLE)
    Path("data").mkdir()
    Path("data/a.nc").touch()


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_page_is_planned(line: str) -> None:
    words = shlex.split(line.replace("UUID", "0" * 32).replace("--inputs -", "--inputs files.json"))
    Path("files.json").write_text('[{"lat": 1, "name": "x"}]')
    plan = Plan.of(parse(words))
    filled = plan.template.fill(plan.job(plan.num_items - 1, 0))
    assert plan.template.uses_input
    assert not any(re.search(r"\{\w*\}", word) for word in filled), filled


def test_the_page_has_the_commands() -> None:
    assert len(COMMANDS) == 10
