"""Which tests are left out where only the wheel is installed."""

from __future__ import annotations

import re

from release import installed
from tests.support.programs import ROOT

# What `make docs` and `make axe` leave in build/, which is not copied beside the wheel.
_OF_BUILD = re.compile(r'/ "build"|\.violations\(\)')


def test_tests_of_what_make_built_among_the_sources_are_left_out() -> None:
    assert "build" not in installed.COPIED
    tests = ROOT / "tests"
    needing = {
        path.relative_to(ROOT).as_posix()
        for path in tests.rglob("test_*.py")
        if _OF_BUILD.search(path.read_text(encoding="utf-8"))
    }
    assert len(needing) >= 4
    assert {name for name in needing if not name.startswith(installed.OF_THE_SOURCES)} == set()


def test_what_is_left_out_exists() -> None:
    assert [name for name in installed.OF_THE_SOURCES if not (ROOT / name).exists()] == []
