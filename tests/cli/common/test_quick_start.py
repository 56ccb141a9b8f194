"""Modules that wait for their first use in a command's own process."""

from __future__ import annotations

import gc
import subprocess
import sys
from pathlib import Path

import pytest

from taskfarm_cli.common import quick_start
from taskfarm_cli.manage.main import main
from tests.support.asked_at_once import ASKED_AT_ONCE


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a package and a module in it that print when they run."""
    package = tmp_path / "outer"
    package.mkdir()
    (package / "__init__.py").write_text("print('outer runs')\nfrom . import inner\n")
    (package / "inner.py").write_text("print('inner runs')\nfrom outer import name\nvalue = 7\n")
    (package / "name.py").write_text("")
    return tmp_path


def said_by(folder: Path, code: str) -> list[str]:
    """Return the lines that code prints in a fresh interpreter with this folder on its path."""
    start = f"import sys; sys.path.insert(0, {str(folder)!r})\n"
    start += "from taskfarm_cli.common.quick_start import let_wait\n"
    command = [sys.executable, "-c", start + code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_a_module_that_waits_runs_once_when_it_is_first_used(folder: Path) -> None:
    code = """
let_wait(["outer.inner"])
import outer
print("imported")
print(outer.inner.value, outer.inner.__name__, outer.inner is sys.modules["outer.inner"])
print(hasattr(outer.inner, "nothing"))
"""
    assert said_by(folder, code) == [
        "outer runs", "imported", "inner runs", "7 outer.inner True", "False",
    ]  # fmt: skip


def test_a_name_imported_from_a_module_that_waits_runs_it(folder: Path) -> None:
    code = "let_wait(['outer.inner'])\nfrom outer.inner import value\nprint(value)"
    *ran, value = said_by(folder, code)
    assert (sorted(ran), value) == (["inner runs", "outer runs"], "7")


def test_a_package_that_waits_is_one(folder: Path) -> None:
    code = "let_wait(['outer'])\nimport outer.name\nprint(outer.__path__ != [])\nouter.inner"
    assert said_by(folder, code) == ["True", "outer runs", "inner runs"]


def test_what_is_not_there_is_still_an_import_error(folder: Path) -> None:
    code = """
let_wait(["nowhere", "nowhere.inner", "outer.nothing", "outer.name.inner"])
for name in ("nowhere", "outer.nothing"):
    try:
        __import__(name)
    except ModuleNotFoundError as error:
        print(error)
"""
    said = said_by(folder, code)
    assert [line for line in said if "runs" not in line] == [
        "No module named 'nowhere'", "No module named 'outer.nothing'",
    ]  # fmt: skip


@pytest.mark.parametrize("name", quick_start.SELDOM_USED)
def test_each_that_seldom_is_used_works_when_it_is(name: str) -> None:
    code = f"""
from taskfarm_cli.common.quick_start import SELDOM_USED, Waiting
let_wait(SELDOM_USED)
import attrs, httpx, httpcore
module = sys.modules[{name!r}]
print(type(module) is Waiting)
print(len(dir(module)) > 0, bool(module.__all__ if hasattr(module, "__all__") else module))
"""
    assert said_by(Path(), code) == [str(name not in ASKED_AT_ONCE), "True True"]


def test_https_finds_its_certificates_though_certifi_waited() -> None:
    code = """
let_wait(["certifi"])
import httpx
print(bool(httpx.create_ssl_context().get_ca_certs()))
"""
    assert said_by(Path(), code) == ["True"]


def test_a_call_of_main_leaves_the_callers_process_as_it_was(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before, frozen = gc.get_threshold(), gc.get_freeze_count()
    assert main(["--help"]) == 0
    assert "manageTF" in capsys.readouterr().out
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before, frozen)
    assert not any(type(module) is quick_start.Waiting for module in sys.modules.values())
