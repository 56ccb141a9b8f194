"""The wheel with no extra, which says what it wants, and the tests run against the wheel."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from release import bounds, installed
from tests.support import wheels
from tests.support.programs import ROOT

# Modules that only an extra makes useful, and what they import of it.
OF_EXTRAS = {
    "taskfarm_cli.view.app": "starlette",
    "taskfarm_cli.view.gate": "starlette",
    "taskfarm_cli.view.serve": "uvicorn",
    "taskfarm_sdk.server._serving.connections": "waitress",
    "taskfarm_sdk.server._serving.loop": "waitress",
    "taskfarm_sdk.server._serving.waitress_parts": "waitress",
}
# Part of the tests, of each folder some, for `make test-installed` runs all.
SOME = (
    "tests/cli/manage/test_tasks.py",
    "tests/cli/work/test_template.py",
    "tests/sdk/items/test_page.py",
    "tests/sdk/test_public_classes.py",
    "tests/sdk/test_recorded.py",
)


@pytest.fixture(scope="session")
def bare(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel, what it always needs, and pytest."""
    home = tmp_path_factory.mktemp("bare") / "venv"
    wheels.install(wheel, home)
    wheels.add_needed(home, more=("pytest",))
    return home


IMPORT_ALL = """
import importlib, pkgutil
for package in ("taskfarm_sdk", "taskfarm_api", "taskfarm_cli"):
    module = importlib.import_module(package)
    for found in pkgutil.walk_packages(module.__path__, f"{package}."):
        try:
            importlib.import_module(found.name)
        except ModuleNotFoundError as error:
            print(found.name, error.name)
"""


def test_only_the_modules_of_extras_need_one(bare: Path, tmp_path: Path) -> None:
    told = wheels.run(wheels.python_of(bare), "-W", "error", "-c", IMPORT_ALL, cwd=tmp_path)
    missing = dict(line.split() for line in told.splitlines())
    assert missing == OF_EXTRAS


@pytest.mark.parametrize(
    ("words", "extra"),
    [
        (("serveTF", "--data", "data", "--port", "0"), "server"),
        (("viewTF",), "view"),
    ],
)
def test_a_command_names_the_extra_that_it_wants(
    bare: Path, tmp_path: Path, words: tuple[str, ...], extra: str
) -> None:
    script = wheels.scripts_of(bare) / words[0]
    done = wheels.attempt(script, *words[1:], cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1, done.stderr
    assert f"pip install '.[{extra}]'" in done.stderr


STARTS_A_SERVER = """
from taskfarm_sdk import ConfigurationError
from taskfarm_sdk.testing import LocalServer
try:
    LocalServer().start()
except ConfigurationError as error:
    print(error)
"""
MAKES_A_FRAME = """
from taskfarm_sdk import ConfigurationError
from taskfarm_sdk._results.tables import frame
try:
    frame([], [], None)
except ConfigurationError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        pytest.param(STARTS_A_SERVER, "pip install '.[server]'", id="LocalServer"),
        pytest.param(MAKES_A_FRAME, "pip install pandas", id="to_frame"),
    ],
)
def test_a_function_names_what_it_wants(bare: Path, tmp_path: Path, code: str, wanted: str) -> None:
    assert wanted in wheels.run(wheels.python_of(bare), "-c", code, cwd=tmp_path)


def test_the_fixture_names_the_extra_that_it_wants(bare: Path, tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text("def test(taskfarm_server): ...\n")
    python = wheels.python_of(bare)
    done = wheels.attempt(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=tmp_path)
    assert done.returncode == 1
    assert "pip install '.[server]'" in done.stdout


WORKS_IN_AN_EXECUTOR = """
from concurrent.futures import ThreadPoolExecutor
from taskfarm_sdk.execution.executors.submit import ENGINES
with ThreadPoolExecutor(1) as executor:
    print(next(kind for knows, kind in ENGINES if knows(executor)).__name__)
"""


def test_an_executor_of_the_standard_library_needs_no_extra(bare: Path, tmp_path: Path) -> None:
    told = wheels.run(wheels.python_of(bare), "-c", WORKS_IN_AN_EXECUTOR, cwd=tmp_path)
    assert told == "Threads\n"


@pytest.mark.parametrize("extra", bounds.extras(ROOT / "pyproject.toml"))
def test_the_readme_tells_how_to_get_each_extra(extra: str) -> None:
    assert f"'.[{extra}]'" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_tests_pass_on_the_wheel_with_the_sources_out_of_reach(
    home: Path, tmp_path: Path
) -> None:
    tree = tmp_path / "tree"
    installed.copy_tests(ROOT, tree)
    assert not (tree / "taskfarm_sdk").exists()
    words = ["-q", "-p", "no:cacheprovider", "-m", installed.FAST, *SOME]
    assert installed.run_tests(wheels.python_of(home), tree, words) == 0


# By a path from the tests' own; and Chromium's check of a page, by what `make axe` has brought.
LOOKS_AT_THE_SOURCES = re.compile(
    r"""
    (ROOT | root | parents\[\d\]) \s / \s "(build | cli | generated | taskfarm_sdk)
    | glob\("(cli | generated | taskfarm_sdk)/
    | \.violations\(\)
    """,
    re.VERBOSE,
)


def test_tests_that_look_at_the_sources_are_left_out_where_only_the_wheel_is() -> None:
    left_out = [ROOT / name for name in installed.OF_THE_SOURCES]
    run = [
        path
        for path in (ROOT / "tests").rglob("test_*.py")
        if not {path, *path.parents} & set(left_out)
    ]
    assert all(path.exists() for path in left_out)
    assert [path.name for path in run if LOOKS_AT_THE_SOURCES.search(path.read_text("utf-8"))] == []


def test_tests_that_would_import_the_sources_are_refused(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installed, "COPIED", (*installed.COPIED, "taskfarm_sdk"))
    installed.copy_tests(ROOT, tmp_path / "tree")
    with pytest.raises(RuntimeError, match="and not the wheel"):
        installed.run_tests(wheels.python_of(home), tmp_path / "tree", [])


def test_an_environment_with_the_lowest_versions_gets_them_as_constraints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    def note(command: list[str], **_: object) -> None:
        asked.append(command)

    monkeypatch.setattr("release.installed.subprocess.run", note)
    monkeypatch.setattr("release.installed.venv.create", lambda home, **_: home.mkdir())
    installed.install(tmp_path / "it.whl", tmp_path / "home", versions="lowest")
    command = asked[-2]
    listed = Path(command[command.index("-c") + 1]).read_text().splitlines()
    assert "attrs==23.2" in listed
    # As the Makefile does for the tests of the sources.
    assert asked[-1][-1] == installed.PEER
    assert f"$@ {installed.PEER}\n" in (ROOT / "Makefile").read_text(encoding="utf-8")
    assert f"{tmp_path / 'it.whl'}[server,dask,mpi,view]" in command
