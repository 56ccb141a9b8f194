"""Cassettes: nothing that was secret while they were recorded stays in them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CASSETTES = Path(__file__).parents[1] / "cassettes" / "cli"


@pytest.mark.parametrize(
    "secret",
    [
        pytest.param(r"eyJ[\w-]+\.[\w-]+", id="a token"),
        pytest.param(r"(?i)authorization", id="credentials"),
        pytest.param(r"127\.0\.0\.1|localhost", id="an address"),
    ],
)
def test_no_cassette_holds(secret: str) -> None:
    files = sorted(CASSETTES.rglob("*.yaml"))
    assert files
    assert [f.name for f in files if re.search(secret, f.read_text(encoding="utf-8"))] == []
