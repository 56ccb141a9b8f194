"""Fixtures of the tests of the package: what is built, and an environment with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from release import builds
from tests.support import wheels
from tests.support.programs import ROOT


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build as `make release` does."""
    dist = tmp_path_factory.mktemp("dist")
    builds.build(ROOT, dist)
    return dist


@pytest.fixture(scope="session")
def wheel(dist: Path) -> Path:
    """The wheel."""
    (wheel,) = dist.glob("*.whl")
    return wheel


@pytest.fixture(scope="session")
def home(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel in it; what that depends on is this one's."""
    home = tmp_path_factory.mktemp("environment") / "venv"
    wheels.install(wheel, home)
    wheels.add_all(home)
    return home
