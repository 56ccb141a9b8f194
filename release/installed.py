"""The tests, run against the installed wheel: `make test-installed`.

The wheel is installed into a new environment with all extras, and the tests are copied away from
the sources, so that nothing but the wheel can be imported.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from release import bounds

ROOT = Path(__file__).parents[1]
# Those that start no server and no engine, and do not take long.
FAST = "not live and not engine and not slow and not alone"
EXTRAS = "server,dask,mpi,view"
# What tests compare with; apart, because it brings a manageTF of its own.
PEER = "taskfarm-worker==0.4.0"
# The three packages are not among them.
COPIED = (
    ".ci",
    "CHANGELOG.md",
    "CITATION.cff",
    "CONTRIBUTING.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "SECURITY.md",
    "api",
    "benchmarks",
    "constraints.txt",
    "deploy",
    "docs",
    "examples",
    "openapi",
    "pyproject.toml",
    "release",
    "share",
    "shell",
    "tests",
)
# These look at the sources themselves: they build the package, or read its code as text; or at what
# only an environment of the sources has, with the versions of constraints.txt; or at what
# `make axe` and `make docs` put into build/.
OF_THE_SOURCES = (
    "tests/cli/common/test_text.py",
    "tests/engines/test_notebook_in_chromium.py",
    "tests/engines/test_report_in_chromium.py",
    "tests/engines/test_site_in_chromium.py",
    "tests/engines/test_view_in_chromium.py",
    "tests/openapi/test_random_requests.py",
    "tests/packaging",
    "tests/release",
    "tests/sdk/test_imports.py",
    "tests/typing",
)
Versions = Literal["pinned", "lowest", "newest"]


def copy_tests(root: Path, to: Path) -> None:
    """Copy the tests and what they read to a folder, and none of the packages."""
    to.mkdir(parents=True)
    for name in COPIED:
        source = root / name
        if source.is_dir():
            shutil.copytree(source, to / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy(source, to)


def install(wheel: Path, home: Path, *, versions: Versions, root: Path = ROOT) -> Path:
    """Install a wheel with all extras, and what the tests need, into a new environment.

    Args:
        wheel: the wheel.
        home: the folder for the environment.
        versions: of the dependencies: those of constraints.txt, the lowest that pyproject.toml
            allows (of what the package itself names), or the newest.
        root: the folder of the sources, for its files.

    Returns:
        The environment's Python.

    Raises:
        subprocess.CalledProcessError: something could not be installed, and pip has said why.
    """
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    given: list[str] = []
    if versions == "lowest":
        (home / "lowest.txt").write_text(bounds.constraints(root / "pyproject.toml"))
        given = ["-c", str(home / "lowest.txt")]
    if versions == "pinned":
        given = ["-c", str(root / "constraints.txt")]
    # --group is of pip 25.1.
    subprocess.run([*pip, "--upgrade", "pip"], check=True)
    group = f"{root / 'pyproject.toml'}:test"
    subprocess.run([*pip, *given, f"{wheel}[{EXTRAS}]", "--group", group], check=True)
    subprocess.run([*pip, "--target", str(home / "peers"), PEER], check=True)
    return python


def run_tests(python: Path, tree: Path, words: Sequence[str]) -> int:
    """Run pytest in a folder that `copy_tests` filled; return its exit status.

    Args:
        python: the environment's Python.
        tree: the folder.
        words: more arguments of pytest. Without one that names tests, all run but those that
            look at the sources.
    """
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    check = "import taskfarm_sdk, taskfarm_cli, taskfarm_api; print(taskfarm_sdk.__file__)"
    home = subprocess.run(
        [str(python), "-c", check], cwd=tree, env=environment, capture_output=True, text=True,
        check=True,
    ).stdout.strip()  # fmt: skip
    if not Path(home).is_relative_to(python.parents[1]):
        raise RuntimeError(f"the tests would import {home}, and not the wheel")
    ignored = [f"--ignore={name}" for name in OF_THE_SOURCES]
    command = [str(python), "-m", "pytest", *ignored, *words]
    return subprocess.run(command, cwd=tree, env=environment, check=False).returncode


def versions_of(python: Path) -> list[str]:
    """Return what is installed there, as lines `name==version`."""
    said = subprocess.run(
        [str(python), "-m", "pip", "--disable-pip-version-check", "freeze", "--all"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [line for line in said.splitlines() if "==" in line]


def check_wheel(wheel: Path, scratch: Path, *, versions: Versions, words: Sequence[str]) -> int:
    """Install a wheel, run the tests against it and return pytest's exit status.

    Args:
        wheel: the wheel.
        scratch: an empty folder.
        versions: see `install`.
        words: arguments of pytest.
    """
    python = install(wheel, scratch / "environment", versions=versions)
    print(
        f"Python {sys.version.split()[0]}, {versions} versions: {_own_versions(python)}", flush=True
    )
    copy_tests(ROOT, scratch / "tree")
    return run_tests(python, scratch / "tree", words)


def _own_versions(python: Path) -> str:
    """Return the installed versions of what the package itself names."""
    named = {line.partition("==")[0].lower(): line for line in versions_of(python)}
    own = sorted({each.name.lower() for each in bounds.requirements(ROOT / "pyproject.toml")})
    return ", ".join(named.get(name, f"{name} is missing") for name in own)
