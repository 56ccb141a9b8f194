"""The peers, each in an environment of its own; and this SDK alone in one, as its users have it."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import attrs

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / ".venv-peers"
# As `pip install` takes them. This SDK without its extras: with click beside rich, which the
# server brings, `import httpx` would load a command line of its own. And no editable copy, which
# is compiled at each start where Python is told to write no bytecode.
PACKAGES = {
    "sdk": (str(ROOT),),
    "taskfarm-worker": ("taskfarm-worker==0.4.0",),
    "hypershell": ("hypershell>=2.8,<3",),
    "hyperqueue": ("hyperqueue>=0.27,<1",),
    "dask": ("distributed>=2025.1", "joblib>=1.4,<2"),
}
DEBIAN = ("parallel", "wrk")


class Missing(Exception):
    """Something is not there; its text says how to get it."""


@attrs.frozen
class Peers:
    """Where the others are.

    Attributes:
        environments: the folders of those that could be installed.
        problems: why the others could not.
    """

    environments: dict[str, Path]
    problems: dict[str, str]

    def program(self, name: str, program: str = "python") -> str:
        """Return the path of a program in a peer's environment.

        Raises:
            Missing: the peer could not be installed.
        """
        if name in self.problems:
            raise Missing(self.problems[name])
        return str(self.environments[name] / "bin" / program)

    def versions(self) -> dict[str, str]:
        """Return the versions of all that is there."""
        found = {name: _version(folder, name) for name, folder in self.environments.items()}
        return found | {name: _first_line(name) for name in DEBIAN if shutil.which(name)}


def debian(program: str) -> str:
    """Return the path of a program that Debian brings.

    Raises:
        Missing: it is not installed.
    """
    path = shutil.which(program)
    if path is None:
        raise Missing(f"{program} is not here: apt-get install {program}")
    return path


def install() -> Peers:
    """Make the environments that are not there yet."""
    peers = Peers({}, {})
    for name, packages in PACKAGES.items():
        try:
            peers.environments[name] = _environment(name, packages)
        except Missing as error:
            peers.problems[name] = str(error)
    return peers


def _environment(name: str, packages: tuple[str, ...]) -> Path:
    folder = FOLDER / name
    stamp = folder / ".ready"
    wanted = _fingerprint(packages)
    if stamp.is_file() and stamp.read_text() == wanted:
        return folder
    print(f"setting up {folder.relative_to(ROOT)} …", file=sys.stderr)
    _run(name, [sys.executable, "-m", "venv", "--clear", str(folder)])
    pip = [str(folder / "bin/python"), "-m", "pip", "install", "--quiet"]
    _run(name, [*pip, "--disable-pip-version-check", *packages])
    stamp.write_text(wanted)
    return folder


def _fingerprint(packages: tuple[str, ...]) -> str:
    found = hashlib.sha256("\n".join((sys.version, *packages)).encode())
    for file in _sources() if str(ROOT) in packages else ():
        found.update(file.read_bytes())
    return found.hexdigest()


def _sources() -> list[Path]:
    folders = (ROOT / "taskfarm_sdk", ROOT / "generated", ROOT / "cli")
    return [ROOT / "pyproject.toml", *(p for f in folders for p in sorted(f.rglob("*.py")))]


def _run(name: str, command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise Missing(f"{name} could not be installed from PyPI: {' '.join(last)}")


def _version(folder: Path, name: str) -> str:
    package = "taskfarm-sdk" if name == "sdk" else name
    code = f"from importlib.metadata import version; print(version({package!r}))"
    done = subprocess.run(
        [folder / "bin/python", "-c", code], capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


def _first_line(program: str) -> str:
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    return ((done.stdout or done.stderr).splitlines() or [""])[0].split("Copyright")[0].strip()
