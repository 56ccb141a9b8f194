"""The command line of viewTF."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from taskfarm_cli.view import main as module
from taskfarm_cli.view.arguments import parse
from taskfarm_cli.view.main import main
from tests.support.view_tf import COMMAND


def failing(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """Run viewTF in this process, and return its status and its one line."""
    status = main(words)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1, err
    return status, err


def test_it_listens_on_this_machine_only_unless_it_is_told_otherwise() -> None:
    arguments = parse([])
    assert (arguments.host, arguments.port) == ("127.0.0.1", 0)
    assert not arguments.allow_actions
    assert not arguments.open


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--port", "65536"], "a port is a number from 0 to 65535"),
        (["--port", "x"], "invalid port number value: 'x'"),
        (["--host", ""], "--host is empty"),
        (["--allow-host", "a b"], "not the name or address of a machine"),
        (["12345678", "9"], "unrecognized arguments: 9"),
        (["xyz"], "not a run UUID"),
        (["-b", "http://u:p@h/api/"], "the URL contains a user or password"),
        (["--allow-action"], "unrecognized arguments"),
    ],
)
def test_a_wrong_command_line_is_refused(
    capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    status, err = failing(capsys, *words)
    assert status == 2
    assert said in err


def test_a_missing_extra_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_EXTRA", ("starlette", "uvicorn_that_is_missing"))
    status, err = failing(capsys)
    assert status == 1
    assert "viewTF needs the extra `view` (uvicorn_that_is_missing missing)" in err
    assert "`pip install '.[view]'`" in err


def test_without_credentials_it_says_how_to_log_in(capsys: pytest.CaptureFixture[str]) -> None:
    status, err = failing(capsys, "-b", "http://127.0.0.1:9/api/")
    assert status == 3
    assert "manageTF --login" in err


def test_a_server_that_is_not_there_ends_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskfarm_cli.common.connection_options.GIVE_UP_AFTER_S", 0.0)
    monkeypatch.setenv("TASKFARM_TOKEN", "t")
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        status, _ = failing(capsys, "-b", f"http://127.0.0.1:{held.getsockname()[1]}/api/")
    assert status == 6


def _served(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str
) -> tuple[int, str]:
    """Run it with a server that is taken to answer, and have it fail after that."""
    monkeypatch.setenv("TASKFARM_TOKEN", "t")
    monkeypatch.setattr(module, "_start", lambda *_: "")
    return failing(capsys, "-b", "http://127.0.0.1:9/api/", *words)


def test_a_journal_that_is_no_folder_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    status, err = _served(capsys, monkeypatch, "--journal", str(tmp_path / "none"))
    assert status == 2
    assert "is no folder: give the one that the workers write to" in err


def test_a_folder_without_results_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    status, err = _served(capsys, monkeypatch, "--results", str(tmp_path))
    assert status == 2
    assert "does not say of which run it holds results" in err


def test_a_port_in_use_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        port = held.getsockname()[1]
        status, err = _served(capsys, monkeypatch, "--port", str(port))
    assert status == 1
    assert f"cannot listen on 127.0.0.1, port {port}" in err
    assert "--port 0 chooses a free port" in err


def test_an_address_of_another_machine_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    status, err = _served(capsys, monkeypatch, "--host", "host.invalid")
    assert status == 2
    assert "'host.invalid' is not a name or address" in err


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_need_no_extra_and_import_no_sdk(option: str) -> None:
    code = (
        "import sys; from taskfarm_cli.view.main import main; status = main([sys.argv[1]]); "
        "print(sorted({'starlette', 'uvicorn', 'httpx', 'asyncio', 'attrs'} & set(sys.modules))); "
        "sys.exit(status)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, option], capture_output=True, text=True, check=True
    )
    assert "viewTF" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def test_it_runs_as_a_module() -> None:
    done = subprocess.run([*COMMAND, "--port", "x"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
