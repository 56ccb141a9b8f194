"""Lower bounds of the dependencies, as constraints."""

from __future__ import annotations

from pathlib import Path

import pytest
from packaging.requirements import Requirement

from release import bounds

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("wanted", "constraint"),
    [
        ("attrs>=23.2", "attrs==23.2"),
        ("httpx<0.29,>=0.27", "httpx==0.27"),
        ("waitress==3.0.2", "waitress==3.0.2"),
        ("psycopg[binary]>=3.2", "psycopg==3.2"),
    ],
)
def test_a_bound_is_the_only_version_allowed(wanted: str, constraint: str) -> None:
    assert bounds.lowest(Requirement(wanted)) == constraint


def test_a_requirement_without_a_lower_bound_is_refused() -> None:
    with pytest.raises(ValueError, match="rich<20 has no lower bound"):
        bounds.lowest(Requirement("rich<20"))


def test_each_requirement_of_the_package_has_a_lower_bound_and_a_pin() -> None:
    lines = bounds.constraints(ROOT / "pyproject.toml").splitlines()
    pinned = (ROOT / "constraints.txt").read_text().lower().splitlines()
    assert "taskfarm==0.4.0" in lines
    for line in lines:
        name = line.partition("==")[0].lower()
        assert any(pin.startswith(f"{name}==") for pin in pinned), name
