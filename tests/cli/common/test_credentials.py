"""Credentials of manageTF: where it takes them from, and what it says if it has none."""

from __future__ import annotations

import io
import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from taskfarm_sdk import Farm
from tests.support.manage_tf import Manage, saved_logins
from tests.support.recording import Place

pytestmark = pytest.mark.vcr


@pytest.fixture
def stdin(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sets what comes in at stdin, which is no terminal."""
    return lambda text: monkeypatch.setattr("sys.stdin", io.StringIO(text))


@pytest.fixture
def bare(manage: Manage, place: Place, monkeypatch: pytest.MonkeyPatch) -> Manage:
    """Runs manageTF without any credentials in the environment."""
    for name in place.environment:
        monkeypatch.delenv(name)
    return manage


@pytest.mark.parametrize("end", ["\n", "\r\n", "", "\nand more\n"], ids=repr)
def test_a_dash_reads_the_password_from_the_first_line_of_stdin(
    bare: Manage, place: Place, stdin: Callable[[str], None], end: str
) -> None:
    stdin(place.password + end)
    bare.fine("-l", "-b", place.url, "-u", place.user, "-p", "-")


@pytest.mark.parametrize("text", ["", "\n"], ids=repr)
def test_an_empty_stdin_is_no_password(
    bare: Manage, place: Place, stdin: Callable[[str], None], text: str
) -> None:
    stdin(text)
    outcome = bare("-l", "-b", place.url, "-u", place.user, "-p", "-")
    assert outcome.status == 2
    assert "empty" in outcome.error


def test_login_takes_the_password_from_a_pipe(
    bare: Manage, place: Place, stdin: Callable[[str], None], tmp_path: Path
) -> None:
    stdin(f"{place.password}\n")
    bare.fine("--login", "-b", place.url, "-u", place.user, "-p", "-")
    file = tmp_path / "config" / "logins.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert place.password not in file.read_text(encoding="utf-8")
    bare.fine("-l")


@pytest.mark.parametrize("mode", [("-l",), ("-i", "0" * 32), ("-n", "3"), ("--whoami",)])
def test_without_credentials_the_way_to_log_in_is_told(
    bare: Manage, place: Place, mode: tuple[str, ...]
) -> None:
    outcome = bare(*mode, "-b", place.url, "-u", "me")
    assert outcome.status == 3
    assert f"`manageTF --login -b {place.url} -u me`" in outcome.error
    assert "no built-in user and password" in outcome.error
    assert "serveTF" not in outcome.error


@pytest.mark.parametrize("mode", [("-l",), ("--whoami",)])
def test_without_a_server_too_the_way_to_an_own_one_is_told(
    bare: Manage, mode: tuple[str, ...]
) -> None:
    outcome = bare(*mode)
    assert outcome.status == 3
    assert "to have a server of your own, start `serveTF`, which saves its login" in outcome.error


def test_login_without_a_password_or_terminal_is_a_usage_error(bare: Manage, place: Place) -> None:
    outcome = bare("--login", "-b", place.url)
    assert outcome.status == 2
    assert "-p -" in outcome.error


def test_a_token_alone_is_saved_once_its_user_is_named(
    bare: Manage, recorded_farm: Farm, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TASKFARM_URL", recorded_farm.url)
    monkeypatch.setenv("TASKFARM_TOKEN", recorded_farm.login())
    outcome = bare("--login")
    assert outcome.status == 2
    assert "-u" in outcome.error
    bare.fine("--login", "-u", "me")
    assert [row["user"] for row in saved_logins(tmp_path)] == ["me"]


def test_credentials_of_the_environment_stay_at_their_own_server(manage: Manage) -> None:
    outcome = manage("-l", "-b", "http://elsewhere.test/api/")
    assert outcome.status == 3
    assert "http://elsewhere.test/api/" in outcome.error


def test_logins_of_several_servers_are_kept_side_by_side(
    manage: Manage, place: Place, tmp_path: Path
) -> None:
    folder = tmp_path / "config"
    folder.mkdir()
    other = {"url": "https://other.test/api/", "user": "me", "token": "t", "default": True}
    file = folder / "logins.json"
    file.write_text(json.dumps({"version": 1, "logins": [other]}), encoding="utf-8")
    file.chmod(0o600)
    manage.fine("--login")
    assert {row["url"] for row in saved_logins(tmp_path)} == {place.url, other["url"]}
    assert [row["url"] for row in saved_logins(tmp_path) if row["default"]] == [place.url]
    assert manage("--logout", "-b", "https://other.test/api").status == 0
    assert [row["url"] for row in saved_logins(tmp_path)] == [place.url]


def test_logout_names_what_is_saved_if_the_server_has_no_login(
    manage: Manage, place: Place
) -> None:
    manage.fine("--login")
    outcome = manage("--logout", "-b", "https://other.test/api/")
    assert outcome.status == 1
    assert f"(saved: {place.url})" in outcome.error


def test_a_login_file_that_others_may_read_is_refused_with_the_way_out(
    bare: Manage, tmp_path: Path
) -> None:
    file = tmp_path / "config" / "logins.json"
    file.parent.mkdir()
    file.write_text('{"logins": []}', encoding="utf-8")
    file.chmod(0o644)
    outcome = bare("-l")
    assert outcome.status == 2
    assert f"chmod 600 {file}" in outcome.error.replace("'", "")


def test_a_damaged_login_file_is_named(bare: Manage, tmp_path: Path) -> None:
    file = tmp_path / "config" / "logins.json"
    file.parent.mkdir()
    file.write_text("{", encoding="utf-8")
    file.chmod(0o600)
    outcome = bare("-l")
    assert outcome.status == 2
    assert str(file) in outcome.error


def test_a_home_that_cannot_be_written_fails_only_what_has_to_save(
    manage: Manage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("TASKFARM_CONFIG", str(tmp_path / "file" / "config"))
    manage.fine("-l")
    outcome = manage("--login")
    assert outcome.status == 1
    assert "cannot save" in outcome.error
