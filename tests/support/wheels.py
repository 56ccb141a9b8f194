"""The wheel, built as `make dist` does, and environments in which it is installed."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path

from release import licences


def run(*command: str | Path, cwd: Path | None = None) -> str:
    """Run a command that ends well, and return its output; no variable of Python's reaches it."""
    done = attempt(*command, cwd=cwd)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def attempt(*command: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command, however it ends; no variable of Python's reaches it."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(
        list(map(str, command)),
        cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=200,
    )  # fmt: skip


def install(wheel: Path, home: Path) -> None:
    """Make an environment with the wheel in it, and nothing that it depends on."""
    venv.create(home, with_pip=False, symlinks=os.name != "nt")
    run(
        sys.executable, "-m", "pip", "--python", python_of(home), "--disable-pip-version-check",
        "install", "--quiet", "--no-index", "--no-deps", "--no-compile", wheel,
    )  # fmt: skip


def add_all(home: Path) -> None:
    """Let an environment find all packages of this one, but none that is installed as editable."""
    paths = sysconfig.get_paths()
    # As a path, not as a site folder: the editable installation in there stays out.
    others = sorted({paths["purelib"], paths["platlib"]})
    (site_of(home) / "dependencies.pth").write_text("\n".join(others) + "\n")


def add_needed(home: Path, extras: Iterable[str] = (), more: Iterable[str] = ()) -> None:
    """Let an environment find what the wheel needs.

    Args:
        home: the environment.
        extras: the extras that are to be there.
        more: other packages that are to be there, with what they need.
    """
    wanted = licences.closure(distribution(licences.PACKAGE), "")
    for extra in extras:
        wanted |= licences.closure(distribution(licences.PACKAGE), extra)
    for name in more:
        wanted |= {name} | licences.closure(distribution(name), "")
    for name in wanted:
        for path in _top_level(name):
            there = site_of(home) / path.name
            if not there.exists():
                there.symlink_to(path)


def python_of(home: Path) -> Path:
    """Return an environment's Python."""
    return scripts_of(home) / "python"


def scripts_of(home: Path) -> Path:
    """Return the folder of an environment's commands."""
    return home / ("Scripts" if os.name == "nt" else "bin")


def site_of(home: Path) -> Path:
    """Return the folder of an environment's packages."""
    (site,) = home.glob("[Ll]ib/**/site-packages")
    return site


def _top_level(name: str) -> set[Path]:
    """Return the files and folders of a package that lie in the folder of packages."""
    found = distribution(name)
    names = {file.parts[0] for file in found.files or () if file.parts[0] not in ("..", "/")}
    return {Path(str(found.locate_file(name))) for name in names if name != "__pycache__"}
