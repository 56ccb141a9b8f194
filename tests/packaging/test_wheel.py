"""The wheel, as a user gets it: built through the source distribution, in a fresh environment."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tarfile
import tomllib
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path, PurePosixPath
from typing import Any
from zipfile import ZipFile

import pytest

import taskfarm_sdk
from release import builds
from tests.support import engines, type_checkers
from tests.support.shells import SHARE, SHELLS, offered
from tests.support.type_checkers import DOWNSTREAM, ROOT
from tests.support.wheels import python_of, run, scripts_of, site_of

PACKAGES = {
    "taskfarm_sdk": ROOT / "taskfarm_sdk",
    "taskfarm_api": ROOT / "generated" / "taskfarm_api",
    "taskfarm_cli": ROOT / "cli" / "taskfarm_cli",
}
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
SCRIPTS: dict[str, str] = PROJECT["scripts"]


def names_in(wheel: Path) -> set[PurePosixPath]:
    with ZipFile(wheel) as archive:
        return {PurePosixPath(name) for name in archive.namelist()}


def metadata_of(wheel: Path) -> Message:
    with ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return HeaderParser().parsestr(archive.read(name).decode())


def test_the_wheel_holds_all_of_the_three_packages_and_nothing_else(wheel: Path) -> None:
    held = {name for name in names_in(wheel) if not name.parts[0].endswith((".dist-info", ".data"))}
    there = {
        PurePosixPath(package, *path.relative_to(folder).parts)
        for package, folder in PACKAGES.items()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert held == there
    assert {name.parts[0] for name in held if name.name == "py.typed"} == set(PACKAGES)


def test_the_wheel_installs_completion_and_man_pages_where_they_are_looked_for(home: Path) -> None:
    made = {path.relative_to(SHARE) for path in SHARE.rglob("*") if path.is_file()}
    assert len(made) == 4 * len(SCRIPTS)
    for name in made:
        assert (home / "share" / name).read_bytes() == (SHARE / name).read_bytes()


@pytest.mark.parametrize("shell", SHELLS)
def test_the_line_of_the_page_loads_the_completion(home: Path, tmp_path: Path, shell: str) -> None:
    page = (ROOT / "docs/how-to/completion-and-man-pages.md").read_text()
    (line,) = re.findall(rf"(?m)^```{shell}\n(.+)\n```$", page)
    path = f"{scripts_of(home)}{os.pathsep}{os.environ['PATH']}"
    environment = {"HOME": str(tmp_path), "PATH": path}
    for script in SCRIPTS:
        assert offered(shell, f"{script} --versio", environment, line) == ["--version"]


def test_man_finds_the_pages_of_commands_on_the_path(home: Path) -> None:
    if shutil.which("man") is None:
        engines.is_missing("man", "it is not installed")
    path = f"{scripts_of(home)}{os.pathsep}{os.environ['PATH']}"
    for script in SCRIPTS:
        found = subprocess.run(
            ["man", "--where", script],
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            check=True,
        )
        assert Path(found.stdout.strip()) == home / "share" / "man" / "man1" / f"{script}.1"


def test_the_metadata_is_what_the_project_says(wheel: Path) -> None:
    said = metadata_of(wheel)
    assert said["Name"] == PROJECT["name"]
    assert said["Version"] == taskfarm_sdk.__version__
    assert said["Requires-Python"] == PROJECT["requires-python"]
    assert said["License-Expression"] == "MIT"
    assert set(said.get_all("Provides-Extra", [])) == set(PROJECT["optional-dependencies"])
    needed = [text for text in said.get_all("Requires-Dist", []) if "extra ==" not in text]
    names = {text.partition(">")[0].strip() for text in PROJECT["dependencies"]}
    assert {text.partition(">")[0].partition("<")[0].strip() for text in needed} == names
    assert {PurePosixPath(name).name for name in said.get_all("License-File", [])} == {"LICENSE"}


def test_the_source_distribution_brings_tests_contract_and_configuration(dist: Path) -> None:
    (source,) = dist.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        held = {PurePosixPath(*PurePosixPath(n).parts[1:]).as_posix() for n in archive.getnames()}
    shipped = [path for path in (ROOT / "deploy").rglob("*") if path.is_file()]
    pages = [
        *SHARE.rglob("*TF.1"),
        ROOT / "README.md",
        ROOT / "LICENSE",
        *(ROOT / "docs/how-to").glob("*.md"),
    ]
    for path in (DOWNSTREAM, ROOT / "openapi/taskfarm.yaml", *shipped, *pages):
        assert path.relative_to(ROOT).as_posix() in held
    assert not {name for name in held if ".venv" in name or "__pycache__" in name}


def test_a_build_elsewhere_from_the_source_distribution_has_the_same_bytes(
    dist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Neither the moment of a build nor this variable, which may be set for other packages.
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    made = sorted(dist.iterdir())
    again = builds.build_again(next(dist.glob("*.tar.gz")), tmp_path)
    assert [path.name for path in again] == [path.name for path in made]
    differing = [builds.differences(one, other) for one, other in zip(made, again, strict=True)]
    assert differing == [[], []]


def test_two_archives_that_differ_are_told_by_their_members(dist: Path, tmp_path: Path) -> None:
    wheel, source = next(dist.glob("*.whl")), next(dist.glob("*.tar.gz"))
    with ZipFile(shutil.copy(wheel, tmp_path), "a") as archive:
        archive.writestr("more.py", "")
    assert builds.differences(wheel, tmp_path / wheel.name) == [f"{wheel.name}: more.py"]
    (tmp_path / source.name).write_bytes(source.read_bytes() + b"\0" * 512)
    assert builds.differences(source, tmp_path / source.name) == [
        f"{source.name}: the archive itself"
    ]


IMPORT_ALL = """
import importlib, pkgutil, sys
for package in sys.argv[1:]:
    module = importlib.import_module(package)
    print(module.__file__)
    for found in pkgutil.walk_packages(module.__path__, f"{package}."):
        print(importlib.import_module(found.name).__file__)
"""


def test_every_module_imports_from_the_wheel_alone(home: Path, tmp_path: Path) -> None:
    told = run(str(python_of(home)), "-W", "error", "-c", IMPORT_ALL, *PACKAGES, cwd=tmp_path)
    files = [Path(line) for line in told.splitlines()]
    assert all(file.is_relative_to(site_of(home)) for file in files)
    assert len(files) == sum(len(list(folder.rglob("*.py"))) for folder in PACKAGES.values())


def test_the_source_tree_is_not_on_the_path_there(home: Path, tmp_path: Path) -> None:
    told = run(str(python_of(home)), "-c", "import sys; print(*sys.path, sep='\\n')", cwd=tmp_path)
    trees = {ROOT, *(folder.parent for folder in PACKAGES.values())}
    assert not trees & {Path(line) for line in told.splitlines() if line}


def test_the_version_is_the_wheels(home: Path, tmp_path: Path) -> None:
    code = "import taskfarm_sdk; print(taskfarm_sdk.__version__)"
    assert run(str(python_of(home)), "-c", code, cwd=tmp_path) == f"{taskfarm_sdk.__version__}\n"


@pytest.mark.parametrize("script", SCRIPTS)
def test_each_script_is_there_and_runs(home: Path, tmp_path: Path, script: str) -> None:
    path = scripts_of(home) / script
    assert taskfarm_sdk.__version__ in run(str(path), "--version", cwd=tmp_path)
    assert script in run(str(path), "--help", cwd=tmp_path)


ENTRY_POINTS = """
from importlib.metadata import distribution
for point in distribution("taskfarm-sdk").entry_points:
    point.load()
    print(point.group, point.name, point.value)
"""


def test_each_entry_point_of_the_project_loads(home: Path, tmp_path: Path) -> None:
    told = run(str(python_of(home)), "-c", ENTRY_POINTS, cwd=tmp_path)
    points = {("console_scripts", name, value) for name, value in SCRIPTS.items()}
    for group, entries in PROJECT["entry-points"].items():
        points |= {(group, name, value) for name, value in entries.items()}
    assert {tuple(line.split()) for line in told.splitlines()} == points


USES_FIXTURE = """
import taskfarm_sdk

def test_the_server_is_there(taskfarm_server):
    assert taskfarm_sdk.__file__.startswith({site!r})
    with taskfarm_server.farm() as farm:
        run = farm.create_run(2)
        with run.worker() as worker:
            for task in worker:
                with task:
                    pass
        assert run.wait().succeeded
"""


@pytest.mark.live
def test_the_fixture_serves_a_users_own_tests(home: Path, tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(USES_FIXTURE.format(site=str(site_of(home))))
    told = run(str(python_of(home)), "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=tmp_path)
    assert "1 passed" in told


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_downstream_type_checks_against_the_wheel(home: Path, tmp_path: Path, checker: str) -> None:
    module = tmp_path / DOWNSTREAM.name
    # With one wrong line, so that a checker that found no types at all would not pass.
    module.write_text(DOWNSTREAM.read_text() + "\n\nFarm(3)\n")
    python = python_of(home)
    if checker == "mypy":
        # A cache that stays, for most of the time goes into what the packages depend on.
        cache = ROOT / ".mypy_cache" / "wheel"
        found = type_checkers.mypy(module, python=python, cwd=tmp_path, cache=cache)
    else:
        found = type_checkers.pyright(module, python=python, cwd=tmp_path)
    assert found.lines == {module.name: {len(module.read_text().splitlines())}}, found.said
