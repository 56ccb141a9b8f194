"""The pictures of terminals show what the programs draw today; `make pictures` draws them anew."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from docs.site import pictures
from taskfarm_sdk.logins import save_login
from taskfarm_sdk.testing import LocalServer

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"


def shown(path: Path) -> list[tuple[str, str | None, str | None]]:
    """Return the texts of a picture and their looks, without what is new in each run."""
    texts = ET.fromstring(path.read_text("utf-8")).iter("{http://www.w3.org/2000/svg}text")
    return [
        (
            re.sub(r"\b[0-9a-f]{32}\b|(?<=^run )\d+", "…", text.text or ""),
            text.get("fill"),
            text.get("font-weight"),
        )
        for text in texts
    ]


@pytest.mark.parametrize("name", ["info", "work"])
def test_a_picture_shows_what_the_program_draws(
    taskfarm_server: LocalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with taskfarm_server.farm() as farm:
        save_login(taskfarm_server.url, taskfarm_server.user, farm.login())
        if name == "info":
            pictures.draw_info(tmp_path, farm)
        else:
            pictures.draw_work(tmp_path)
    drawn = shown(tmp_path / f"{name}.svg")
    assert len(drawn) > 4
    assert drawn == shown(PICTURES / f"{name}.svg"), "run: make pictures"


def test_no_picture_shows_a_path_of_who_drew_it() -> None:
    for path in PICTURES.glob("*.svg"):
        assert "/" not in "".join(text for text, *_ in shown(path)).replace("tasks/s", "")
