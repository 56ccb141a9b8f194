"""serveTF with the real server: what it keeps, what it says, how it ends."""

from __future__ import annotations

import http.client
import os
import select
import shlex
import shutil
import signal
import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from taskfarm_cli.serve.main import _url
from taskfarm_sdk import Farm
from taskfarm_sdk._transport.client import KEEPALIVE_EXPIRY_S
from taskfarm_sdk.logins import Login, save_login, saved_logins
from taskfarm_sdk.server._serving.limits import KEEPALIVE_S
from tests.support.constants import command_with
from tests.support.processes import NET_S, members
from tests.support.serve_tf import ServeTF, failing, serving

pytestmark = [
    pytest.mark.live,
    pytest.mark.long,
    pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at processes through /proc"),
]


# Waits for a server whose parent was killed however long that takes to go.
PATIENT = command_with(
    "taskfarm_cli.serve.main", {"taskfarm_sdk.server._folder.LOCK_PATIENCE_S": 3600.0}
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data folder"  # the space is meant


def modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


def only_login() -> Login:
    """Return the one login that is saved."""
    (login,) = saved_logins()
    return login


def password(folder: Path, user: str = "taskfarm") -> str:
    return (folder / f"password-{user}").read_text().strip()


class Kept(NamedTuple):
    """A serveTF that runs as long as this module's tests, which change nothing of it."""

    serve: ServeTF
    data: Path
    config: Path


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    folder = tmp_path_factory.mktemp("kept")
    config = folder / "config"
    with serving("--data", folder / "d", "--access-log", TASKFARM_CONFIG=str(config)) as serve:
        yield Kept(serve, folder / "d", config)


@pytest.fixture
def login(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> Login:
    """The login that the kept server saved, in a test that sees it."""
    monkeypatch.setenv("TASKFARM_CONFIG", str(kept.config))
    (login,) = saved_logins()
    return login


def test_says_all_that_one_needs(kept: Kept) -> None:
    serve = kept.serve
    assert serve.url.startswith("http://127.0.0.1:")
    assert f"database: {kept.data}/taskfarm.db" in serve.text
    assert f"user: taskfarm, password: in '{kept.data}/password-taskfarm'" in serve.text
    assert "`manageTF --list` lists its runs" in serve.text
    assert f"'kill {serve.pid}' ends it" in serve.text
    assert "warning" not in serve.text


def test_says_that_it_listens_when_all_else_is_done(kept: Kept) -> None:
    order = ["database: ", "user: ", "the login is saved", "the taskfarm server listens on"]
    places = [kept.serve.text.index(text) for text in order]
    assert places == sorted(places)


def test_keeps_what_is_secret_for_itself(kept: Kept, login: Login) -> None:
    assert stat.S_IMODE(kept.data.stat().st_mode) == 0o700
    assert set(modes(kept.data).values()) == {0o600}
    assert {"secret-key", "password-taskfarm", "taskfarm.db", "lock"} <= set(modes(kept.data))
    key = (kept.data / "secret-key").read_text().strip()
    secrets = [key, password(kept.data), login.token]
    assert not [secret for secret in secrets if secret in kept.serve.text]
    for process in kept.serve.server():
        assert not [secret for secret in secrets if secret.encode() in process.shown]


def test_the_saved_login_just_works(kept: Kept, login: Login) -> None:
    assert login.default
    with Farm() as farm:
        assert (farm.url, farm.user) == (kept.serve.url, "taskfarm")
        assert farm.credentials_from == "saved login"
        assert farm.runs() == []


def test_the_access_log_names_no_token(kept: Kept, login: Login) -> None:
    with Farm(kept.serve.url, token=login.token) as farm:
        farm.runs()
    assert " 200 " in kept.serve.says('"GET /api/runs HTTP/1.1"')
    assert login.token not in kept.serve.text
    assert " taskfarm [" not in kept.serve.text


def test_a_run_that_is_not_there_is_no_news(kept: Kept, login: Login) -> None:
    reply = httpx.get(kept.serve.url + "runs/" + "0" * 32, auth=(login.token, ""))
    assert reply.status_code == 404
    kept.serve.says(" 404 ")
    assert "no run with uuid" not in kept.serve.text


def test_a_connection_is_kept_for_longer_than_our_client_keeps_it(kept: Kept) -> None:
    while (silent_s := silence_survived(kept.serve, 2 * KEEPALIVE_EXPIRY_S)) is None:
        pass
    assert silent_s >= 2 * KEEPALIVE_EXPIRY_S


def silence_survived(serve: ServeTF, silence_s: float) -> float | None:
    """Return for how long a connection was silent and used again, 0 for one that was closed.

    None is for a silence that this machine made longer than the server bears: it shows nothing.
    """
    url = httpx.URL(serve.url)
    with closing(http.client.HTTPConnection(url.host, url.port, timeout=NET_S)) as connection:
        connection.request("GET", "/api/runs")
        assert connection.getresponse().read()
        kept_one, since = connection.sock, time.monotonic()
        select.select([kept_one], [], [], silence_s)  # readable is one that is closed
        try:
            connection.request("GET", "/api/runs")
            silent_s = time.monotonic() - since
            assert connection.getresponse().read()
        except (http.client.RemoteDisconnected, ConnectionError):
            return 0.0 if time.monotonic() - since < KEEPALIVE_S else None
        assert connection.sock is kept_one
        return silent_s


def test_sighup_is_refused_on_sqlite(kept: Kept) -> None:
    before = kept.serve.server()
    kept.serve.process.send_signal(signal.SIGHUP)
    assert "on SQLite the server cannot be reloaded" in kept.serve.says("SIGHUP is refused")
    assert kept.serve.server() == before
    assert httpx.get(kept.serve.url + "runs").status_code == 401


def test_a_second_server_on_the_same_folder_is_refused(kept: Kept) -> None:
    status, line = failing("--data", kept.data, "--port", 0)
    assert status == 1
    assert f"another server at {kept.serve.url} uses the folder '{kept.data}'" in line
    assert f"'kill {kept.serve.pid}'" in line


def test_a_taken_port(kept: Kept, data: Path) -> None:
    port = httpx.URL(kept.serve.url).port
    assert port is not None
    status, line = failing("--data", data, "--port", port)
    assert status == 1
    assert f"another program already listens on port {port}" in line
    assert f"--port {port + 1}" in line
    assert not (data / "secret-key").exists()


def test_starting_again_keeps_runs_users_and_tokens(data: Path) -> None:
    with serving("--data", data) as serve:
        serve.says("the login is saved")
        token, kept = only_login().token, password(data)
        with Farm(serve.url, token=token) as farm:
            uuid = farm.create_run(4).uuid
        assert serve.end(signal.SIGTERM) == 0
    with serving("--data", data, "--user", "second user") as serve:
        with Farm(serve.url, token=token) as farm:
            assert farm.get_run(uuid).num_tasks == 4
        with Farm(serve.url, user="taskfarm", password=kept) as farm:
            assert farm.login() == token
        second = password(data, "second%20user")
        assert second != kept
        with Farm(serve.url, user="second user", password=second) as farm:
            assert farm.get_run(uuid).num_tasks == 4


def test_an_existing_default_login_stays_the_default(data: Path) -> None:
    save_login("https://farm.example.org/api/", "me", "any token")
    with serving("--data", data) as serve:
        assert f"`manageTF -b {serve.url} --list`" in serve.says("the login is saved")
        assert {login.url: login.default for login in saved_logins()} == {
            "https://farm.example.org/api/": True,
            serve.url: False,
        }


def test_a_login_that_cannot_be_saved_is_a_warning(data: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with serving("--data", data, TASKFARM_CONFIG=str(tmp_path / "file" / "config")) as serve:
        assert "the login was not saved: cannot save logins" in serve.says("warning")
        serve.says("ends it")
        assert httpx.get(serve.url + "runs").status_code == 401


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ends_well_when_asked_and_leaves_nothing(data: Path, number: signal.Signals) -> None:
    with serving("--data", data) as serve:
        assert serve.end(number) == 0
        assert serve.lines[-1] == "serveTF: stopped"


def test_says_that_its_server_has_ended(data: Path) -> None:
    with serving("--data", data) as serve:
        os.killpg(serve.server()[0].pid, signal.SIGKILL)
        assert serve.process.wait(NET_S) == 1
        serve.says("the server ended unexpectedly")


def test_its_server_goes_with_it_and_makes_room_for_the_next(data: Path) -> None:
    with serving("--data", data) as serve:
        master, _ = serve.server()
        serve.process.kill()
        serve.process.wait()
        with serving("--data", data, program=PATIENT) as again:
            assert members(master.group) == []
            assert httpx.get(again.url + "runs").status_code == 401


def test_warns_where_others_can_listen(data: Path) -> None:
    with serving("--data", data, "--host", "0.0.0.0") as serve:
        assert "a TLS proxy" in serve.says("are sent unencrypted")
        assert serve.url.startswith("http://127.0.0.1:")
        assert httpx.get(serve.url + "runs").status_code == 401


@pytest.mark.parametrize("name", ["secret-key", "password-taskfarm"])
def test_a_secret_that_others_can_read_is_refused(data: Path, name: str) -> None:
    data.mkdir()
    (data / name).write_text("s" * 40)
    (data / name).chmod(0o640)
    assert failing("--data", data, "--port", 0) == (
        1,
        f"other users can access a file with secrets: chmod 600 {shlex.quote(f'{data}/{name}')}",
    )


def test_a_password_that_is_not_the_users(kept: Kept, data: Path) -> None:
    data.mkdir()
    with (
        closing(sqlite3.connect(kept.data / "taskfarm.db")) as there,
        closing(sqlite3.connect(data / "taskfarm.db")) as here,
    ):
        there.backup(here)
    shutil.copy(kept.data / "secret-key", data)  # keeps the mode
    status, line = failing("--data", data, "--port", 0)
    assert status == 1
    assert "already has a user 'taskfarm' with another password" in line
    assert not (data / "password-taskfarm").exists()


def test_a_damaged_database(data: Path) -> None:
    data.mkdir()
    (data / "taskfarm.db").write_bytes(b"not what SQLite writes" * 100)
    status, line = failing("--data", data, "--port", 0)
    assert status == 1
    assert f"the database {data}/taskfarm.db is damaged" in line


@pytest.mark.parametrize(
    ("options", "status", "text"),
    [
        pytest.param(["--port", "65536"], 2, "a port is a number from 0 to 65535", id="no_port"),
        pytest.param(["--port", "x"], 2, "invalid port number value", id="no_number"),
        pytest.param(["--threads", "0"], 2, "at least 1, not 0", id="no_thread"),
        pytest.param(["--nonsense"], 2, "serveTF --help", id="no_option"),
        pytest.param(["--threads", "4"], 1, "hands out tasks twice", id="threads_on_sqlite"),
        pytest.param(["--processes", "2"], 1, "hands out tasks twice", id="processes_on_sqlite"),
        pytest.param(["--user", "a:b"], 1, "without ':'", id="user_that_basic_cannot_carry"),
        pytest.param(["--user", "u" * 33], 1, "1 to 32 characters", id="user_too_long"),
        pytest.param(
            ["--host", "nowhere.invalid."], 1, "unknown host 'nowhere.invalid.'", id="no_host"
        ),
        pytest.param(["--host", "192.0.2.1"], 1, "not an address of this machine", id="not_ours"),
        pytest.param(["--database-url", "mysql://h/d"], 1, "not a PostgreSQL URL", id="mysql"),
        pytest.param(["--data", "/dev/null/d"], 1, "cannot use '/dev/null/d'", id="no_folder"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    data: Path, options: list[str], status: int, text: str
) -> None:
    # A resolver that nothing answers is not waited for.
    quick = {"RES_OPTIONS": "timeout:1 attempts:1"}
    result = failing("--data", data, "--port", 0, *options, **quick)
    assert result[0] == status
    assert text in result[1]


def test_without_the_extra_it_says_how_to_get_it(data: Path, tmp_path: Path) -> None:
    # What comes first on the path hides what is installed.
    (tmp_path / "hidden" / "taskfarm").mkdir(parents=True)
    (tmp_path / "hidden" / "taskfarm" / "__init__.py").write_text("raise ImportError('gone')")
    status, line = failing("--data", data, "--port", 0, PYTHONPATH=str(tmp_path / "hidden"))
    assert status == 1
    assert "pip install '.[server]'" in line


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:5000/api/"),
        ("localhost", "http://localhost:5000/api/"),
        ("0.0.0.0", "http://127.0.0.1:5000/api/"),
        ("::", "http://[::1]:5000/api/"),
        ("fe80::1", "http://[fe80::1]:5000/api/"),
        ("farm.example.org", "http://farm.example.org:5000/api/"),
    ],
)
def test_the_url_is_one_that_reaches_it_from_here(host: str, url: str) -> None:
    assert _url(host, 5000) == url
