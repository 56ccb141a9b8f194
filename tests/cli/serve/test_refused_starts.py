"""A start that serveTF refuses: folder and database are afterwards what they were before."""

from __future__ import annotations

import os
import re
import shlex
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from taskfarm_sdk import Farm
from taskfarm_sdk.server import Database, ServerSettings
from tests.support.plain_taskfarm import make_plain_database, write_secret
from tests.support.serve_tf import administering, failing, serving, snapshot

pytestmark = [
    pytest.mark.long,
    pytest.mark.live,
    pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at processes through /proc"),
]

KEY = "short"
PASSWORD = "pw"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """What is compared: the data folder and the saved logins are in it."""
    return tmp_path


@pytest.fixture
def data(home: Path) -> Path:
    return home / "data folder"


@pytest.fixture
def taken_over(data: Path) -> Path:
    """A data folder with the database of a plain taskfarm, whose user is `me`."""
    data.mkdir(mode=0o700)
    make_plain_database(f"sqlite:///{data}/taskfarm.db", "me", PASSWORD, KEY)
    return data


def refused(home: Path, *options: object, **environment: str) -> str:
    """Run a serveTF that is refused, see that it changes nothing, and return what it said."""
    before = snapshot(home)
    status, line = failing("--data", home / "data folder", *options, **environment)
    assert status in (1, 2)
    assert snapshot(home) == before
    return line


def with_open_key(data: Path) -> None:
    write_secret(data / "secret-key", KEY)
    (data / "secret-key").chmod(0o644)


def with_open_password(data: Path) -> None:
    write_secret(data / "password-me", PASSWORD)
    (data / "password-me").chmod(0o644)


def with_empty_key(data: Path) -> None:
    write_secret(data / "secret-key", "")


def with_bytes_for_a_password(data: Path) -> None:
    write_secret(data / "password-me", "")
    (data / "password-me").write_bytes(b"\xff\xfe")


def with_another_password(data: Path) -> None:
    write_secret(data / "password-me", "another")


def with_no_password(_: Path) -> None:
    """Leave the folder as it is: a random password is not the user's."""


def with_a_damaged_database(data: Path) -> None:
    (data / "taskfarm.db").write_bytes(b"not what SQLite writes" * 100)


def with_an_odd_hash(data: Path) -> None:
    with closing(sqlite3.connect(data / "taskfarm.db")) as database, database:
        database.execute("UPDATE users SET password_hash = 'odd'")


def with_a_lock_file(data: Path) -> None:
    (data / "lock").write_text('{"pid": "1", "host": "elsewhere"}\n')
    with_another_password(data)


@pytest.mark.parametrize(
    ("prepare", "text"),
    [
        (with_open_key, "chmod 600 '{data}/secret-key'"),
        (with_open_password, "chmod 600 '{data}/password-me'"),
        (with_empty_key, "'{data}/secret-key' is damaged"),
        (with_bytes_for_a_password, "'{data}/password-me' is damaged"),
        (with_another_password, "with another password than '{data}/password-me'"),
        (with_no_password, "with another password than '{data}/password-me'"),
        (with_an_odd_hash, "with another password than '{data}/password-me'"),
        (with_a_damaged_database, "taskfarm.db is damaged"),
        (with_a_lock_file, "with another password"),
    ],
)
def test_what_is_in_the_folder_stays_as_it_was(
    home: Path, taken_over: Path, prepare: Callable[[Path], None], text: str
) -> None:
    prepare(taken_over)
    assert text.format(data=taken_over) in refused(home, "--user", "me", "--port", 0)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        pytest.param(["--port", "65536"], "a port is a number", id="no_port"),
        pytest.param(["--threads", "4"], "hands out tasks twice", id="threads_on_sqlite"),
        pytest.param(["--user", "a:b"], "without ':'", id="user_that_basic_cannot_carry"),
        pytest.param(["--user", "\U0001f600" * 32], "too long for a file", id="too_long_a_file"),
        pytest.param(["--host", "nowhere.invalid."], "unknown host", id="no_host"),
        pytest.param(["--host", "192.0.2.1"], "not an address of this machine", id="not_ours"),
        pytest.param(["--database-url", "mysql://h/d"], "not a PostgreSQL URL", id="mysql"),
        pytest.param(
            ["--database-url", "postgresql://me@127.0.0.1:1/d"], "cannot reach", id="no_postgresql"
        ),
    ],
)
@pytest.mark.parametrize("is_there", [False, True])
def test_what_cannot_be_served_leaves_the_folder_or_makes_none(
    home: Path, data: Path, options: list[str], text: str, is_there: bool
) -> None:
    if is_there:
        data.mkdir()
        write_secret(data / "secret-key", KEY)
    # A resolver that nothing answers is not waited for.
    quick = {"RES_OPTIONS": "timeout:1 attempts:1"}
    assert text in refused(home, "--port", 0, *options, **quick)


def test_without_the_server_installed_no_folder_is_made(home: Path, data: Path) -> None:
    hidden = home / "hidden" / "taskfarm"
    hidden.mkdir(parents=True)
    (hidden / "__init__.py").write_text("raise ImportError('gone')")
    path = os.pathsep.join([str(hidden.parent), os.environ.get("PYTHONPATH", "")])
    environment = {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    assert "pip install" in refused(home, "--port", 0, **environment)
    assert not data.exists()


def test_a_taken_port_and_a_taken_folder_change_nothing(home: Path, data: Path) -> None:
    with serving("--data", home / "other") as serve:
        port = httpx.URL(serve.url).port
        assert "already listens" in refused(home, "--port", port)
        assert not data.exists()
        data.symlink_to(home / "other")
        assert "another server at" in refused(home, "--port", 0)


def test_the_command_that_is_told_mends_a_password_that_nobody_kept(
    home: Path, taken_over: Path
) -> None:
    line = refused(home, "--user", "me", "--port", 0)
    run_told(line)
    with serving("--data", taken_over, "--user", "me") as serve:
        password = (taken_over / "password-me").read_text().strip()
        with Farm(serve.url, user="me", password=password) as farm:
            assert farm.runs() == []


def run_told(line: str) -> str:
    """Run the serveTF command that a message contains between backquotes."""
    found = re.search("`serveTF (.*?)`", line)
    assert found, line
    done = administering(*shlex.split(found[1]))
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_short_secrets_of_a_plain_taskfarm_are_taken_over(home: Path, data: Path) -> None:
    data.mkdir(mode=0o700)
    token = make_plain_database(f"sqlite:///{data}/taskfarm.db", "me", PASSWORD, KEY)
    write_secret(data / "secret-key", KEY)
    write_secret(data / "password-me", PASSWORD)
    with serving("--data", data, "--user", "me") as serve:
        with Farm(serve.url, token=token) as farm:
            run = farm.create_run(1).uuid
        with Farm(serve.url, user="me", password=PASSWORD) as farm:
            assert farm.login() == token
            assert farm.get_run(run).num_tasks == 1
    assert (data / "secret-key").read_text() == f"{KEY}\n"


def test_a_database_of_another_key_is_refused_until_it_has_the_key(home: Path, data: Path) -> None:
    with serving("--data", data) as serve:
        assert serve.end(signal.SIGTERM) == 0
    key = (data / "secret-key").read_text()
    (data / "secret-key").unlink()
    line = refused(home, "--port", 0)
    assert "copy 'secret-key' from the data folder of the server" in line
    assert f"to '{data}/secret-key'" in line
    write_secret(data / "secret-key", "another")
    assert "signed with another key" in refused(home, "--port", 0)
    write_secret(data / "secret-key", key.strip())
    with serving("--data", data):
        pass


@pytest.mark.parametrize("replaced", [None, "removed", "another"])
def test_a_rotated_key_makes_tokens_invalid_and_keeps_users(
    data: Path, replaced: str | None
) -> None:
    with serving("--data", data) as serve:
        password = (data / "password-taskfarm").read_text().strip()
        with Farm(serve.url, user="taskfarm", password=password) as farm:
            token = farm.login()
        running = administering("--data", data, "--rotate-key")
        assert running.returncode == 1
        assert f"another server at {serve.url} uses the folder" in running.stderr
    before = (data / "secret-key").read_text()
    if replaced is not None:
        (data / "secret-key").unlink()
    if replaced == "another":
        write_secret(data / "secret-key", replaced)
    done = administering("--data", data, "--rotate-key")
    assert done.returncode == 0, done.stderr
    key = (data / "secret-key").read_text()
    assert key.strip() not in done.stderr or replaced == "another"
    assert key != before
    assert (key == "another\n") == (replaced == "another")
    with serving("--data", data) as serve:
        assert httpx.get(serve.url + "runs", auth=(token, "")).status_code == 500
        with Farm(serve.url, user="taskfarm", password=password) as farm:
            assert farm.runs() == []


def test_a_server_of_ones_own_is_not_held_to_one_key() -> None:
    settings = ServerSettings(database=Database.sqlite("farm.db"), user="me")
    assert not settings.one_key
