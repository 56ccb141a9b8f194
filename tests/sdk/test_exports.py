"""Names that `taskfarm_sdk` exports, and what importing it costs."""

from __future__ import annotations

import importlib.metadata
import inspect
import json
import os
import re
import shutil
import subprocess
import sys
import types
import typing
import zipapp
from pathlib import Path

import pytest

import taskfarm_api
import taskfarm_sdk
from taskfarm_sdk import _models, aio, errors, farm, logins, run, task, worker
from taskfarm_sdk._items import item, items
from taskfarm_sdk._results import result, results

# Whatever takes long, and whatever only the server, the command line or the tests need.
HEAVY = ("httpx", "taskfarm_api", "attrs", "attr", "platformdirs", "asyncio", "ssl")
NOT_OURS = ("rich", "click", "pygments", "taskfarm_cli")
SERVER = (
    "taskfarm",
    "flask",
    "sqlalchemy",
    "gunicorn",
    "waitress",
    "psycopg",
    "authlib",
    "werkzeug",
)

# The modules of what is exported, but for the errors.
HOMES = (_models, aio, farm, item, items, result, results, run, task, worker)


def modules_after(code: str) -> set[str]:
    """Run code in a fresh interpreter and return the top-level packages that it imported."""
    report = "import json, sys; print(json.dumps([m for m in sys.modules if sys.modules[m]]))"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return {name.partition(".")[0] for name in json.loads(done.stdout)}


def test_the_exported_names_are_exactly_the_public_ones() -> None:
    defined = {
        name
        for module in HOMES
        for name, value in vars(module).items()
        if not name.startswith("_")
        and isinstance(value, type)
        and value.__module__ == module.__name__
    }
    typed = {"MapOptions", "TaskState", "__version__"}
    functions = {"join", "results"}
    assert set(taskfarm_sdk.__all__) == defined | set(errors.__all__) | typed | functions
    assert taskfarm_sdk.__all__ == sorted(set(taskfarm_sdk.__all__))


@pytest.mark.parametrize(
    "module",
    [errors, *HOMES],
    ids=lambda module: module.__name__.removeprefix("taskfarm_sdk."),
)
def test_a_modules_own_names_are_those_that_the_package_looks_up_in_it(
    module: types.ModuleType,
) -> None:
    homes: dict[str, str] = vars(taskfarm_sdk)["_HOMES"]
    place = module.__name__.removeprefix("taskfarm_sdk.")
    assert module.__all__ == [name for name in homes if homes[name] == place]


def test_each_name_is_looked_up_in_a_module_that_type_checkers_see() -> None:
    starred = set(
        re.findall(r"from taskfarm_sdk\.([\w.]+) import \*", inspect.getsource(taskfarm_sdk))
    )
    assert set(vars(taskfarm_sdk)["_HOMES"].values()) == starred


@pytest.mark.parametrize("name", taskfarm_sdk.__all__)
def test_each_name_is_there_and_the_same_each_time(name: str) -> None:
    value = getattr(taskfarm_sdk, name)
    assert value is not None
    assert getattr(taskfarm_sdk, name) == value
    if isinstance(value, type):
        assert value.__name__ == name


def test_a_star_import_brings_all_of_them() -> None:
    space: dict[str, object] = {}
    exec("from taskfarm_sdk import *", space)
    assert set(taskfarm_sdk.__all__) <= set(space)


def test_dir_lists_the_names_before_they_are_used() -> None:
    code = "import taskfarm_sdk; missing = set(taskfarm_sdk.__all__) - set(dir(taskfarm_sdk))"
    modules_after(f"{code}; assert not missing, missing")


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'taskfarm_sdk' has no attribute 'Frm'"):
        _ = taskfarm_sdk.Frm  # type: ignore[attr-defined]
    with pytest.raises(ImportError, match="cannot import name 'Frm'"):
        exec("from taskfarm_sdk import Frm")


def test_the_states_are_those_of_the_type() -> None:
    assert typing.get_args(taskfarm_sdk.TaskState) == _models.TASK_STATES


def test_the_version_is_the_installed_packages() -> None:
    assert taskfarm_sdk.__version__ == importlib.metadata.version("taskfarm-sdk")


@pytest.mark.parametrize("module", [errors, logins], ids=lambda module: str(module.__name__))
def test_a_public_modules_names_are_there(module: types.ModuleType) -> None:
    for name in module.__all__:
        assert hasattr(module, name)


@pytest.mark.parametrize(
    ("code", "not_imported"),
    [
        pytest.param("import taskfarm_sdk", HEAVY + NOT_OURS + SERVER, id="package"),
        pytest.param("from taskfarm_sdk import TaskfarmError", HEAVY + SERVER, id="errors"),
        pytest.param("import taskfarm_sdk.testing", HEAVY + NOT_OURS + SERVER, id="testing"),
        pytest.param(
            "import taskfarm_sdk.testing.plugin",
            ("httpx", "taskfarm_api", "platformdirs", "taskfarm_cli", *SERVER),
            id="pytest-plugin",
        ),
        pytest.param(
            "from taskfarm_sdk import logins", ("httpx", "taskfarm_api", "asyncio"), id="logins"
        ),
        pytest.param(
            "from taskfarm_sdk import Items",
            ("httpx", "taskfarm_api", "asyncio", "cloudpickle", *SERVER),
            id="items",
        ),
        pytest.param(
            "from taskfarm_sdk import Result, results",
            ("httpx", "taskfarm_api", "asyncio", "cloudpickle", *SERVER),
            id="results",
        ),
        pytest.param("from taskfarm_sdk import Farm", (*NOT_OURS, "asyncio", *SERVER), id="farm"),
    ],
)
def test_an_import_brings_no_more_than_it_needs(code: str, not_imported: tuple[str, ...]) -> None:
    assert not modules_after(code) & set(not_imported)


def test_a_farm_needs_neither_rich_nor_what_else_the_command_line_shows_with() -> None:
    code = "import taskfarm_sdk as t; t.Farm('http://h/', token='t'); t.AsyncFarm, t.Worker"
    assert not modules_after(code) & set(NOT_OURS)


def test_httpx_has_its_own_command_line_where_that_was_imported_before() -> None:
    code = (
        "import httpx, sys; main = httpx.main; import taskfarm_sdk._transport.httpx_import as ours"
    )
    assert "click" in modules_after(f"{code}; assert ours.httpx.main is main")


def test_importing_everything_prints_and_warns_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", "from taskfarm_sdk import *"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout + done.stderr == ""


STAR = "from taskfarm_sdk import *; import taskfarm_sdk; found = globals()"
EXACTLY = """
names = {name for name in found if not name.startswith("__") or name == "__version__"}
names -= {"found", "taskfarm_sdk"}
assert names == set(taskfarm_sdk.__all__), names ^ set(taskfarm_sdk.__all__)
assert all(found[name] is getattr(taskfarm_sdk, name) for name in names)
print(__version__)
"""


def test_a_star_imports_exactly_what_is_exported() -> None:
    done = subprocess.run(
        [sys.executable, "-c", STAR + EXACTLY], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{taskfarm_sdk.__version__}\n"


def test_a_star_works_in_a_zipped_program_without_the_packages_metadata(tmp_path: Path) -> None:
    source = tmp_path / "program"
    for package in (taskfarm_sdk, taskfarm_api):
        folder = Path(package.__path__[0])
        shutil.copytree(folder, source / folder.name, ignore=shutil.ignore_patterns("__pycache__"))
    (source / "__main__.py").write_text(STAR + EXACTLY + "print(taskfarm_sdk.__file__)")
    zipapp.create_archive(source, tmp_path / "program.pyz")
    # Without the editable installation, whose metadata is next to the dependencies'.
    hides = "import importlib.metadata as m; m.distribution = m.version = None"
    starts = f"{hides}; import runpy, sys; runpy.run_path(sys.argv[1], run_name='__main__')"
    done = subprocess.run(
        [sys.executable, "-c", starts, tmp_path / "program.pyz"],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=True,
    )
    version, file = done.stdout.splitlines()
    assert version == taskfarm_sdk.__version__
    assert "program.pyz" in file
