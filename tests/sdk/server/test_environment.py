"""Variables that other programs left for servers of theirs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from taskfarm_sdk.server._serving import environment
from taskfarm_sdk.server._serving.environment import clean_environment
from tests.support.odd_variables import ODD_VARIABLES

# What the server may keep: its folder, where a control socket would be, and what gunicorn sets.
HARMLESS = {"PWD", "SERVER_SOFTWARE", "XDG_RUNTIME_DIR"}
READS = re.compile(
    r"""(?:environ\.(?:get|pop|setdefault)\(|environ\[|getenv\()\s*['"]([A-Z_]+)['"]"""
    r"""|['"]([A-Z_]+)['"] in os\.environ"""
)


def read_by(package: str) -> set[str]:
    """Return the variables that a package's source reads."""
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    found = set()
    for path in Path(spec.origin).parent.rglob("*.py"):
        for line in path.read_text(encoding="utf-8").splitlines():
            # The environment of a request is another one.
            if "os.environ" in line or "getenv" in line:
                found |= {first or second for first, second in READS.findall(line)}
    return found


@pytest.mark.parametrize("package", ["gunicorn", "waitress"])
def test_all_that_its_server_reads_is_removed(package: str) -> None:
    read = read_by(package)
    assert bool(read) == (package == "gunicorn")
    left = {name for name in read if not name.startswith(environment.PREFIXES)}
    assert left - HARMLESS <= environment.NAMES


def test_other_variables_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ODD_VARIABLES.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PGHOST", "here")
    kept = {name: value for name, value in os.environ.items() if name not in ODD_VARIABLES}
    clean_environment()
    assert set(ODD_VARIABLES).isdisjoint(os.environ)
    assert {name: os.environ.get(name) for name in kept if not name.startswith("FLASK_")} == kept


@pytest.mark.parametrize("name", ODD_VARIABLES)
def test_gunicorn_starts_whatever_was_left_for_it(name: str) -> None:
    code = (
        "from taskfarm_sdk.server._serving.environment import clean_environment\n"
        "clean_environment()\n"
        "from gunicorn.arbiter import Arbiter\n"
        "from gunicorn.app.base import BaseApplication\n"
        "class App(BaseApplication):\n"
        "    def load_config(self): pass\n"
        "arbiter = Arbiter(App())\n"
        "print(arbiter.cfg.workers, arbiter.cfg.forwarded_allow_ips)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, name: ODD_VARIABLES[name]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "1 ['127.0.0.1', '::1']\n"
