"""mypy and pyright as a user would run them, on one module, in an environment of their choice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import attrs

ROOT = Path(__file__).parents[2]
DOWNSTREAM = ROOT / "tests" / "typing" / "downstream.py"


@attrs.frozen
class Found:
    """What a checker found: the lines with errors in each file, and all that it said."""

    lines: dict[str, set[int]]
    said: str


def mypy(*modules: Path, python: Path, cwd: Path, cache: Path) -> Found:
    """Check modules with `mypy --strict`."""
    given = ("--strict", f"--python-executable={python}", f"--cache-dir={cache}", "--output=json")
    said = _run(("mypy", *given, *map(str, modules)), python, cwd)
    lines: dict[str, set[int]] = {module.name: set() for module in modules}
    for error in map(json.loads, said.splitlines()):
        if error["severity"] == "error":
            # The name alone: from its cache it tells the path of a file of the same content.
            lines[Path(error["file"]).name].add(error["line"])
    return Found(lines, said)


def pyright(*modules: Path, python: Path, cwd: Path) -> Found:
    """Check modules, which ask for strictness themselves, with pyright."""
    given = (f"--pythonpath={python}", "--outputjson")
    said = _run(("pyright", *given, *map(str, modules)), python, cwd)
    report = json.loads(said)
    assert report["summary"]["filesAnalyzed"] == len(modules), said
    lines: dict[str, set[int]] = {module.name: set() for module in modules}
    for error in report["generalDiagnostics"]:
        if error["severity"] == "error":
            lines[Path(error["file"]).name].add(error["range"]["start"]["line"] + 1)
    return Found(lines, said)


def completeness(package: str, *, python: Path, cwd: Path) -> tuple[Path, float, list[str]]:
    """Return what `pyright --verifytypes` looked at, its score, and the symbols it dislikes."""
    said = _run(
        ("pyright", "--ignoreexternal", "--verifytypes", package, "--outputjson"), python, cwd
    )
    report = json.loads(said)["typeCompleteness"]
    disliked = [
        symbol["name"]
        for symbol in report["symbols"]
        if any(d["severity"] == "error" for d in symbol["diagnostics"])
    ]
    return Path(report["packageRootDirectory"]), report["completenessScore"], disliked


def _run(command: Sequence[str], python: Path, cwd: Path) -> str:
    # `--verifytypes` asks the `python` on the path where packages are, whatever else it is told.
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=cwd,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    assert done.stdout or done.returncode == 0, done.stderr
    return done.stdout
