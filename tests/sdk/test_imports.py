"""The import rule of pyproject.toml: it holds, and each of its contracts notices a breach."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("taskfarm_sdk", "generated/taskfarm_api", "cli/taskfarm_cli")
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"].get(
    "contracts", []
)

LAYERS = "Imports run one way"
INSIDE = "Inside the SDK"
CIRCLES = "No circles"
GENERATED = "Only _protocol.operations"
HTTPX = "Only _transport.httpx_import and"
QUICK = "Only _transport.bounds, client, failures and senders use"
RICH = "Only the command line's view"
PUBLIC = "The command line uses the SDK's public names"
EXTRA = "Nothing imports what only extras"
# Where, what is imported there, and which contract says that it may not be.
BREACHES = [
    ("taskfarm_sdk/run", "taskfarm_cli.manage.main", LAYERS),
    ("taskfarm_api/client", "taskfarm_sdk.errors", LAYERS),
    ("taskfarm_sdk/_sansio/steps", "taskfarm_sdk.farm", INSIDE),
    ("taskfarm_sdk/_protocol/operations", "taskfarm_sdk._session.session", INSIDE),
    ("taskfarm_sdk/errors", "taskfarm_sdk._validation", INSIDE),
    ("taskfarm_sdk/_items/stored", "taskfarm_sdk._session.session", INSIDE),
    ("taskfarm_sdk/_results/index", "taskfarm_sdk._transport.client", INSIDE),
    ("taskfarm_sdk/_items/chunks", "taskfarm_sdk._results.index", INSIDE),
    ("taskfarm_sdk/farm", "taskfarm_sdk.server", INSIDE),
    ("taskfarm_sdk/_flows/runs", "taskfarm_api.types", GENERATED),
    ("taskfarm_cli/manage/main", "taskfarm_api.client", GENERATED),
    ("taskfarm_sdk/farm", "httpx", HTTPX),
    ("taskfarm_cli/manage/login", "httpx", HTTPX),
    ("taskfarm_sdk/_transport/drivers", "taskfarm_sdk._transport.httpx_import", QUICK),
    ("taskfarm_sdk/worker", "rich", RICH),
    ("taskfarm_cli/manage/watch", "rich", RICH),
    ("taskfarm_cli/manage/login", "taskfarm_sdk._session.settings", PUBLIC),
    ("taskfarm_cli/serve/main", "taskfarm_sdk.server._folder", PUBLIC),
    ("taskfarm_sdk/server/_process", "gunicorn", EXTRA),
    ("taskfarm_sdk/server/_serving/loop", "waitress", EXTRA),
    ("taskfarm_sdk/testing/_local_server", "pytest", EXTRA),
    ("taskfarm_sdk/execution/executors/loop", "distributed", EXTRA),
    ("taskfarm_sdk/execution/executors/engines", "mpi4py", EXTRA),
]
# Where it is for the type checkers alone.
TYPED_BREACH = ("taskfarm_sdk/_flows/tasks", "taskfarm_sdk.farm")
# Where, what is imported there for types alone, and in which folder that closes a circle.
CLOSING = [
    ("taskfarm_sdk/_worker/idle", "taskfarm_sdk._worker.core", "taskfarm_sdk._worker"),
    ("taskfarm_cli/work/slurm/policy", "taskfarm_cli.work.slurm.keeper", "taskfarm_cli.work.slurm"),
    ("taskfarm_cli/work/screen", "taskfarm_cli.work.commands.output", "taskfarm_cli.work"),
]


def lint(tree: Path, cwd: Path) -> str:
    """Return what import-linter says of the packages in a tree under the project's contracts."""
    folders = [str((tree / package).parent) for package in PACKAGES]
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo",
         "--config", ROOT / "pyproject.toml"],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(folders), "COLUMNS": "300"},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == (0 if " 0 broken" in done.stdout else 1), done.stderr
    return done.stdout


def append(tree: Path, place: str, statements: str) -> None:
    """Add statements to a module of the packages in a tree."""
    package, _, module = place.partition("/")
    (folder,) = (tree / one for one in PACKAGES if one.endswith(package))
    with (folder / f"{module}.py").open("a") as file:
        file.write(f"\n{statements}\n")


@pytest.fixture(scope="module")
def breached(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Lint a copy of the packages with all breaches in it, and a module that nobody placed."""
    tree = tmp_path_factory.mktemp("breached")
    for package in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, tree / package, ignore=ignored)
    for place, imported, _ in BREACHES:
        append(tree, place, f"import {imported}")
    place, imported = TYPED_BREACH
    append(tree, place, f"import typing\nif typing.TYPE_CHECKING:\n    import {imported}")
    for place, imported, _ in CLOSING:
        append(tree, place, f"import typing\nif typing.TYPE_CHECKING:\n    import {imported}")
    (tree / "taskfarm_sdk" / "_brand_new.py").touch()
    return lint(tree, tree)


def broken(said: str, contract: str) -> str:
    """Return what was said of one broken contract."""
    _, _, details = said.partition("Broken contracts")
    sections = re.split(r"^(.+)\n-+\n", details, flags=re.MULTILINE)[1:]
    found = dict(zip(sections[::2], sections[1::2], strict=True))
    (name,) = [name for name in found if name.startswith(contract)]
    return found[name]


def test_the_imports_keep_the_rule(tmp_path: Path) -> None:
    said = lint(ROOT, tmp_path)
    assert f"Contracts: {len(CONTRACTS)} kept, 0 broken." in said, said


@pytest.mark.parametrize(
    ("place", "imported", "contract"),
    [pytest.param(*breach, id=f"{breach[0]}-{breach[1]}") for breach in BREACHES],
)
def test_a_breach_is_noticed(breached: str, place: str, imported: str, contract: str) -> None:
    module = place.replace("/", ".")
    assert re.search(
        rf"{re.escape(module)} -> {re.escape(imported)} \(l\.\d+\)", broken(breached, contract)
    )


def test_a_breach_for_the_type_checkers_alone_is_noticed(breached: str) -> None:
    place, imported = TYPED_BREACH
    assert f"{place.replace('/', '.')} -> {imported} (l." in broken(breached, INSIDE)


@pytest.mark.parametrize("folder", [folder for _, _, folder in CLOSING])
def test_a_circle_inside_a_folder_is_noticed(breached: str, folder: str) -> None:
    assert f"No cycles are allowed in {folder}." in broken(breached, CIRCLES)


def test_a_module_that_has_no_place_in_the_order_is_noticed(breached: str) -> None:
    assert "_brand_new" in broken(breached, INSIDE)


def test_each_contract_is_breached_here() -> None:
    names = [contract["name"] for contract in CONTRACTS]
    noticed = {CIRCLES, *(contract for _, _, contract in BREACHES)}
    assert len(names) == len(noticed)
    assert all(any(name.startswith(contract) for contract in noticed) for name in names)
