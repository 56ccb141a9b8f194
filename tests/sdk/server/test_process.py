"""The environment and the arguments of a server's process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from taskfarm_sdk import ConfigurationError
from taskfarm_sdk.server import Database, Secrets, ServerProcess, ServerSettings, bind, port_of
from taskfarm_sdk.server._process import _interpreter, child_environment


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Settings of the caller's, who is in a folder of their own."""
    monkeypatch.chdir(tmp_path)
    for name in ("TASKFARM_TOKEN", "SECRET_KEY", "DATABASE_URL", "PYTHONWARNINGS", "PGPASSFILE"):
        monkeypatch.setenv(name, "the caller's")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["lib", "/else/where", ""]))
    return tmp_path


@pytest.mark.usefixtures("variables")
@pytest.mark.parametrize("own_python", [True, False])
def test_secrets_and_settings_of_the_caller_are_left_out(own_python: bool) -> None:
    given = child_environment(own_python=own_python).reveal()
    assert not {"TASKFARM_TOKEN", "SECRET_KEY", "DATABASE_URL", "PYTHONWARNINGS"} & set(given)
    assert given["PGPASSFILE"] == "the caller's"
    assert ("PYTHONPATH" in given) == own_python


def test_relative_folders_mean_the_callers(variables: Path) -> None:
    folders = child_environment(own_python=True).reveal()["PYTHONPATH"].split(os.pathsep)
    assert folders == [f"{variables}/lib", "/else/where", f"{variables}"]


@pytest.mark.parametrize(
    ("python", "runs"),
    [
        pytest.param("python3.12", "python3.12", id="a_name_is_looked_up"),
        pytest.param("/env/bin/python", "/env/bin/python", id="an_absolute_path_stays"),
    ],
)
def test_an_interpreter_is_found_from_any_folder(python: str, runs: str) -> None:
    assert _interpreter(python) == runs


def test_a_relative_interpreter_is_the_callers_and_stays_a_link(variables: Path) -> None:
    (variables / "env").symlink_to("/usr/bin")
    assert _interpreter("env/python3") == f"{variables}/env/python3"
    assert _interpreter(Path("env/python3")) == f"{variables}/env/python3"


class Starting:
    """A server that is starting, and where it will be."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        (listener,) = bind("127.0.0.1", port)
        self.port = port_of(listener)
        settings = ServerSettings(database=Database.sqlite(folder / "farm.db"), user="me")
        self.process = ServerProcess(settings, Secrets(key="k" * 32, password="p"), [listener])

    def status(self) -> int:
        return httpx.get(f"http://127.0.0.1:{self.port}/api/runs").status_code


@pytest.fixture
def starting(tmp_path: Path) -> Iterator[Starting]:
    starting = Starting(tmp_path)
    with starting.process:
        yield starting


@pytest.mark.live
def test_a_server_that_is_prepared_lets_nobody_in_before_it_is_told_to(starting: Starting) -> None:
    assert starting.process.wait_prepared(60) is None
    with pytest.raises(httpx.ConnectError):
        starting.status()
    starting.process.wait_ready(60)
    assert starting.status() == 401


@pytest.mark.live
def test_a_port_that_another_server_took_meanwhile_is_told(
    starting: Starting, tmp_path: Path
) -> None:
    folder = tmp_path / "late"
    folder.mkdir()
    late = Starting(folder, starting.port)
    with late.process:
        late.process.wait_prepared(60)
        starting.process.wait_ready(60)
        with pytest.raises(ConfigurationError, match="another program has started to listen"):
            late.process.wait_ready(60)
        assert late.process.refused
        assert list(folder.iterdir()) == []
    assert starting.status() == 401
