"""Warnings, once and by every command, where a password or token travels for all to read."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

import taskfarm_cli.work.main
from taskfarm_cli.common import connection_options
from taskfarm_cli.manage import main as manage
from taskfarm_cli.work import plan
from taskfarm_sdk._transport import tls

URL = "http://farm.example/api/"
RUN = "0" * 32
WARNING = "credentials are sent to http://farm.example unencrypted"


@pytest.fixture(autouse=True)
def _nobody_there(refusing_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing leave this machine, and end at once; who is asked was not warned of yet."""
    monkeypatch.setenv("HTTP_PROXY", refusing_url)
    monkeypatch.setattr(connection_options, "GIVE_UP_AFTER_S", 0.0)
    monkeypatch.setattr(plan, "GIVE_UP_IN_THE_MIDDLE_AFTER_S", 0.0)
    monkeypatch.setattr(tls, "_told_of", set())
    monkeypatch.setattr("sys.stdin", io.StringIO("secret\n"))


@pytest.mark.parametrize(
    ("main", "words"),
    [
        pytest.param(manage.main, ["--list"], id="list"),
        pytest.param(manage.main, ["--login"], id="login"),
        pytest.param(manage.main, ["--whoami"], id="whoami"),
        pytest.param(manage.main, ["--tasks", RUN], id="tasks"),
        pytest.param(manage.main, ["--wait", RUN], id="wait"),
        pytest.param(taskfarm_cli.work.main.main, [RUN, "--", "true"], id="workTF"),
    ],
)
def test_a_command_warns_of_a_password_once_and_first(
    capsys: pytest.CaptureFixture[str], main: Callable[[list[str]], int], words: list[str]
) -> None:
    assert main(["-b", URL, "-u", "me", "-p", "-", *words]) == 6
    said = capsys.readouterr().err
    assert WARNING in said.splitlines()[0]
    assert said.count(WARNING) == 1
    assert "secret" not in said


def test_a_command_warns_of_a_token_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TASKFARM_URL", URL)
    monkeypatch.setenv("TASKFARM_TOKEN", "secret")
    assert manage.main(["--list"]) == 6
    said = capsys.readouterr().err
    assert WARNING in said.splitlines()[0]
    assert "secret" not in said
