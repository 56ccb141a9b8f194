"""`make contract SERVER=taskfarm==X`: which release it takes, and how it tells what differs."""

from __future__ import annotations

import subprocess
import venv
from pathlib import Path
from typing import Any

import pytest

from tests.support.openapi import other_server
from tests.support.openapi.other_server import NotPossible, compared, environment_of
from tests.support.openapi.random_requests import Difference

KEPT = Difference("get_run", "UndefinedStatusCode", 418)
NEW = Difference("create_run", "RejectedPositiveData", 422)
GONE = Difference("create_run", "AcceptedNegativeData", 201)


@pytest.mark.parametrize(
    "requirement", ["", "taskfarm==", "flask==3", "taskfarm>=0.3", "taskfarm==1; x", "../taskfarm"]
)
def test_what_names_no_release_is_refused(
    requirement: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(NotPossible, match="SERVER is taskfarm==X"):
        environment_of(requirement, tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert other_server.main([requirement]) == 2
    assert capsys.readouterr().err.startswith("make contract: SERVER is taskfarm==X")


def test_a_release_that_is_nowhere_is_named_with_what_pip_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "a line\nERROR: No matching distribution found for taskfarm==99\n"

    def no_pip(command: Any, **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, "", said)

    monkeypatch.setattr(venv, "create", lambda home, **_: home.mkdir())
    monkeypatch.setattr(subprocess, "run", no_pip)
    with pytest.raises(NotPossible, match=r"^taskfarm==99 cannot be installed .*No matching"):
        environment_of("taskfarm==99", tmp_path)


def test_an_environment_that_is_ready_is_used_again(tmp_path: Path) -> None:
    home = tmp_path / "taskfarm-0.3.0"
    home.mkdir()
    (home / "ready").touch()
    assert environment_of("taskfarm==0.3.0", tmp_path) == home / "bin" / "python"


def test_what_only_one_release_shows_is_told() -> None:
    assert compared([KEPT, GONE], [NEW, KEPT]) == [
        "+ create_run 422: RejectedPositiveData",
        "- create_run 201: AcceptedNegativeData",
    ]
    assert compared([KEPT], [KEPT]) == []


def test_the_other_packages_of_a_server_are_those_of_the_extra() -> None:
    others = other_server.others_of_server()
    assert any(one.startswith("gunicorn") for one in others)
    assert not any(one.startswith("taskfarm") for one in others)
