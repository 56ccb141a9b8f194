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
DOWNSTREAM = Path(__file__).with_name("downstream.py")


@attrs.frozen
class Found:
    """What a checker found: the lines with errors, and all that it said."""

    lines: frozenset[int]
    said: str


def mypy(module: Path, *, python: Path, cwd: Path, cache: Path) -> Found:
    """Check a module with `mypy --strict`."""
    given = ("--strict", f"--python-executable={python}", f"--cache-dir={cache}")
    said = _run(("mypy", *given, "--output=json", "--show-error-end", str(module)), python, cwd)
    errors = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    at = {error["line"] for error in errors if error["severity"] == "error"}
    assert at or "error" not in said, said
    return Found(frozenset(at), said)


def pyright(module: Path, *, python: Path, cwd: Path) -> Found:
    """Check a module, which asks for strictness itself, with pyright."""
    said = _run(("pyright", f"--pythonpath={python}", "--outputjson", str(module)), python, cwd)
    report = json.loads(said)
    assert report["summary"]["filesAnalyzed"] == 1
    errors = [e for e in report["generalDiagnostics"] if e["severity"] == "error"]
    return Found(frozenset(error["range"]["start"]["line"] + 1 for error in errors), said)


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
