"""The pytest plugin that comes with the package."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import taskfarm_sdk.testing
from taskfarm_sdk.testing import LocalServer

IMPORTED = """
import sys
import pytest
before = set(sys.modules)
import taskfarm_sdk.testing.plugin
print(*sorted(name for name in set(sys.modules) - before if "." not in name or "taskfarm" in name))
"""


def test_costs_nothing_until_its_fixture_is_used() -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED], capture_output=True, text=True, check=True
    )
    assert set(done.stdout.split()) == {
        "taskfarm_sdk",
        "taskfarm_sdk.testing",
        "taskfarm_sdk.testing.plugin",
    }


def test_is_found_by_pytest() -> None:
    (plugin,) = entry_points(group="pytest11", name="taskfarm_sdk")
    assert plugin.value == "taskfarm_sdk.testing.plugin"


def test_the_package_exports_what_it_says() -> None:
    assert taskfarm_sdk.testing.__all__ == ["LocalServer"]
    assert "LocalServer" in dir(taskfarm_sdk.testing)
    with pytest.raises(AttributeError, match="no attribute 'RemoteServer'"):
        _ = taskfarm_sdk.testing.RemoteServer


@pytest.mark.live
def test_gives_a_project_a_server_without_any_set_up(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(
        "def test_mine(taskfarm_server):\n"
        "    with taskfarm_server.farm() as farm:\n"
        "        assert farm.create_run(2).status().waiting == 2\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


@pytest.mark.live
def test_the_fixture_is_a_running_server(taskfarm_server: LocalServer) -> None:
    assert taskfarm_server.pid is not None
