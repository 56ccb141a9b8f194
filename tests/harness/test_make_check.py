"""`make check` names all checks that failed, and `make -j` installs one thing at a time."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENVIRONMENT = f"{sys.version_info[0]}.{sys.version_info[1]}"
TOOLS = (
    "ruff",
    "mypy",
    "pyright",
    "lint-imports",
    "openapi-spec-validator",
    "codespell",
    "deptry",
    "python",
)
# What the environments are made from.
SOURCES = (
    *("pyproject.toml", "constraints.txt", "openapi/requirements.txt"),
    *("openapi/redocly/package.json", "openapi/redocly/package-lock.json"),
)
# Says how it was called, and fails where that matches FAILING.
STUB = """#!/bin/sh
echo "$(basename "$0") $*"
! echo "$(basename "$0") $*" | grep -qE -e "$FAILING"
"""
# A pip that fails beside another one, and takes long enough for that to begin.
PIP = """#!/bin/sh
echo "$*"
mkdir "$0.busy" || exit 1
sleep 0.3
rmdir "$0.busy"
"""
# Writes one file where the generated client goes: the last argument.
GENERATOR = """#!/bin/sh
for folder; do :; done
mkdir -p "$folder"
echo generated > "$folder/client.py"
"""
CHECKS = {
    "check-format": "ruff format",
    "check-lint": "ruff check",
    "check-types": "mypy",
    "check-pyright": "--warnings",
    "check-exports": "--verifytypes",
    "check-imports": "lint-imports",
    "check-openapi": "openapi-spec-validator",
    "check-redocly": "redocly/cli",
    "check-spelling": "codespell",
    "check-shell": "python -m shell",
    "check-dependencies": "deptry",
    "check-api": "python -m release",
}
Check = Callable[..., subprocess.CompletedProcess[str]]


def write_program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder with the Makefile, and with stubs for the tools of both its environments."""
    for name in SOURCES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    shutil.copy(ROOT / "Makefile", tmp_path)
    tools, generator = (
        tmp_path / f".venv-{ENVIRONMENT}",
        tmp_path / f".venv-generator-{ENVIRONMENT}",
    )
    for tool in TOOLS:
        write_program(tools / "bin" / tool, STUB)
    write_program(generator / "bin" / "openapi-python-client", GENERATOR)
    write_program(tmp_path / "generated" / "taskfarm_api" / "client.py", "generated\n")
    (tools / "redocly").mkdir()
    for environment in (tools, generator, tools / "redocly"):
        (environment / ".ready").touch()
    (tools / ".release").touch()
    return tmp_path


@pytest.fixture
def check(tree: Path) -> Check:
    """Runs `make check`, with the checks named failing."""

    def run(*failing: str) -> subprocess.CompletedProcess[str]:
        return make(tree, "check", FAILING="|".join(failing) or "^$")

    return run


def make(tree: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    # Of a make that runs these tests.
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", *words, f"PYTHON={sys.executable}"],
        cwd=tree,
        env={**clean, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def failed(done: subprocess.CompletedProcess[str]) -> list[str]:
    """Return what is named as failed, in the last of the lines that `make check` itself writes."""
    (named,) = re.findall(r"^=== make check failed in: (.+)$", done.stderr, flags=re.MULTILINE)
    return str(named).split()


def begun(done: subprocess.CompletedProcess[str]) -> list[str]:
    return re.findall(r"^=== ([\w-]+)$", done.stdout, flags=re.MULTILINE)


def test_without_a_failure_it_ends_well(check: Check) -> None:
    done = check()
    assert done.returncode == 0, done.stderr
    assert begun(done) == ["drift", *CHECKS]
    assert done.stdout.endswith("=== all checks passed\n")


def test_a_check_that_fails_is_named_and_the_others_run(check: Check) -> None:
    done = check(CHECKS["check-lint"])
    assert done.returncode != 0
    assert failed(done) == ["check-lint"]
    assert begun(done) == ["drift", *CHECKS]


def test_all_that_fail_are_named(check: Check, tree: Path) -> None:
    (tree / "generated" / "taskfarm_api" / "client.py").write_text("edited\n")
    done = check(*CHECKS.values())
    assert done.returncode != 0
    assert failed(done) == ["drift", *CHECKS]


def test_a_client_that_was_edited_is_named_and_the_others_run(check: Check, tree: Path) -> None:
    (tree / "generated" / "taskfarm_api" / "client.py").write_text("edited\n")
    done = check()
    assert done.returncode != 0
    assert failed(done) == ["drift"]
    assert "run it, and never edit generated/" in done.stderr
    assert begun(done) == ["drift", *CHECKS]


def test_with_j_one_thing_is_installed_at_a_time(tree: Path) -> None:
    write_program(tree / f".venv-{ENVIRONMENT}" / "bin" / "python", PIP)
    (tree / f".venv-{ENVIRONMENT}" / ".release").unlink()
    done = make(tree, "-j4", "check-dependencies", "contract-tools", FAILING="^$")
    assert done.returncode == 0, done.stderr
    assert re.findall(r"--group (\w+)$", done.stdout, flags=re.MULTILINE) == ["release", "contract"]
