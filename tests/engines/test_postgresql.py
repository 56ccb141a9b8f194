"""The server on PostgreSQL: many processes and threads, and what can be wrong with a database."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from taskfarm_sdk import ConfigurationError, Farm
from taskfarm_sdk.server import _listener
from taskfarm_sdk.testing import LocalServer
from tests.support.odd_variables import ODD_VARIABLES
from tests.support.postgresql import PostgreSQL
from tests.support.processes import ENDLESS_S, NET_S, members, wait_until
from tests.support.serve_tf import failing, serving

pytestmark = [pytest.mark.postgres, pytest.mark.live]

OURS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'taskfarm'"
PROCESSES, THREADS = 2, 4


@pytest.fixture(scope="module")
def farm_database(postgres: PostgreSQL) -> Iterator[str]:
    """The database of `server`."""
    with postgres.new_database() as name:
        yield name


@pytest.fixture(scope="module")
def server(postgres: PostgreSQL, farm_database: str) -> Iterator[LocalServer]:
    """Two processes with four threads each."""
    url = postgres.url(farm_database)
    with LocalServer(database_url=url, processes=PROCESSES, threads=THREADS) as server:
        yield server


@pytest.fixture
def group(server: LocalServer) -> int:
    """The server's process group."""
    assert server.pid is not None
    return server.pid


def test_workers_share_no_connection_of_the_masters(postgres: PostgreSQL, database: str) -> None:
    def connections() -> object:
        return postgres.run(f"{OURS} AND datname = '{database}'")[0][0]

    with LocalServer(database_url=postgres.url(database)) as server:
        # PostgreSQL counts one that was closed until it has noticed.
        wait_until(lambda: connections() == 0)
        with server.farm() as farm:
            farm.runs()
        assert connections() == 1


def test_many_workers_get_each_task_once(server: LocalServer, group: int) -> None:
    wait_until(lambda: len(members(group)) == 3)
    with server.farm() as farm:
        run = farm.create_run(200)

        def work(_: int) -> list[int]:
            numbers = []
            with run.worker() as worker:
                for task in worker:
                    with task:
                        numbers.append(task.number)
            return numbers

        with ThreadPoolExecutor(6) as pool:
            done = [number for numbers in pool.map(work, range(6)) for number in numbers]
        assert sorted(done) == list(range(200))
        assert run.status().succeeded


def test_comes_back_after_a_kill_with_data_and_tokens(server: LocalServer) -> None:
    with server.farm() as farm:
        token, uuid, url = farm.login(), farm.create_run(7).uuid, server.url
    server.kill()
    server.start()
    with Farm(url, token=token) as farm:
        assert farm.get_run(uuid).num_tasks == 7


def test_connections_that_the_database_dropped_are_made_anew(
    server: LocalServer, postgres: PostgreSQL
) -> None:
    with server.farm() as farm:
        token = farm.login()
        for _ in range(2):
            postgres.run(OURS.replace("count(*)", "pg_terminate_backend(pid)"))
            wait_until(lambda: postgres.run(OURS) == [(0,)])
            assert httpx.get(server.url + "runs", auth=(token, "")).status_code == 200


@pytest.mark.usefixtures("server")
def test_has_both_missing_indexes(postgres: PostgreSQL, farm_database: str) -> None:
    rows = postgres.run("SELECT indexdef FROM pg_indexes WHERE tablename = 'tasks'", farm_database)
    defined = " ".join(str(row[0]) for row in rows)
    assert "(run_id, task)" in defined
    assert "(run_id, status)" in defined


def test_no_secret_is_in_a_command_line_or_initial_environment(
    server: LocalServer, group: int, postgres: PostgreSQL
) -> None:
    for process in members(group):
        assert postgres.password.encode() not in process.shown
        assert server.password.encode() not in process.shown


def test_two_servers_can_start_at_once_on_an_empty_database(
    postgres: PostgreSQL, database: str
) -> None:
    def serve(_: int) -> int:
        with LocalServer(database_url=postgres.url(database)) as server, server.farm() as farm:
            return farm.create_run(1).num_tasks

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(serve, range(2))) == [1, 1]


@pytest.fixture
def pgpass(postgres: PostgreSQL, tmp_path: Path) -> dict[str, str]:
    """The variable that lets libpq find the password, as ~/.pgpass does."""
    path = tmp_path / "pgpass"
    path.touch(0o600)
    path.write_text(f"*:*:*:{postgres.user}:{postgres.password}\n")
    return {"PGPASSFILE": str(path)}


def test_serves_without_a_password_on_the_command_line(
    postgres: PostgreSQL, database: str, tmp_path: Path, pgpass: dict[str, str]
) -> None:
    url = postgres.url(database, password="")
    with serving("--data", tmp_path / "d", "--database-url", url, **pgpass) as serve:
        assert f"database: postgresql://{postgres.user}@/{database}" in serve.text
        assert "warning" not in serve.text
        assert "--threads" in serve.says("hint: this server answers one request at a time")
        assert httpx.get(serve.url + "runs").status_code == 401
        assert not (tmp_path / "d" / "taskfarm.db").exists()


def test_sighup_replaces_the_processes_and_breaks_no_request(
    postgres: PostgreSQL, database: str, tmp_path: Path
) -> None:
    options = ["--data", tmp_path, "--processes", 2, "--threads", 4]
    with serving(*options, "--database-url", postgres.url(database)) as serve:
        assert "write the database's password to ~/.pgpass" in serve.says("warning")
        assert postgres.password not in serve.text
        wait_until(lambda: len(serve.server()) == 3)
        master, *before = serve.server()
        statuses: list[int] = []
        stop = threading.Event()

        def ask(keep_alive: bool) -> None:
            connections = httpx.Limits(max_keepalive_connections=int(keep_alive))
            with httpx.Client(base_url=serve.url, timeout=NET_S, limits=connections) as client:
                while not stop.is_set():
                    statuses.append(client.get("runs").status_code)

        with ThreadPoolExecutor(4) as pool:
            asking = [pool.submit(ask, keep_alive) for keep_alive in (True, False) * 2]
            try:
                serve.process.send_signal(signal.SIGHUP)
                serve.says("replaced one by one")
                wait_until(lambda: not set(before) & set(serve.server()))
                wait_until(lambda: len(serve.server()) == 3)
            finally:
                stop.set()
            for one in asking:
                one.result()
        assert set(statuses) == {401}
        assert serve.server()[0] == master
        assert serve.end(signal.SIGTERM) == 0


def test_connections_that_the_database_does_not_allow_are_told_before_it_listens(
    postgres: PostgreSQL, database: str, tmp_path: Path
) -> None:
    role = f"few_{database}"
    postgres.run(f"CREATE ROLE {role} LOGIN PASSWORD 'few' CONNECTION LIMIT 5")
    postgres.run(f"ALTER DATABASE {database} OWNER TO {role}")
    url = postgres.url(database, role, "few")
    with serving("--data", tmp_path, "--database-url", url, "--threads", 3) as serve:
        assert "6 connections" in serve.says("under load")
        assert "5, and others use 0 now" in serve.says("under load")
        assert serve.text.index("under load") < serve.text.index("listens on")
        assert httpx.get(serve.url + "runs").status_code == 401


def test_more_requests_at_once_than_threads_need_no_more_connections(
    server: LocalServer, postgres: PostgreSQL, farm_database: str
) -> None:
    with server.farm() as farm:
        token, run = farm.login(), farm.create_run(10)
        url = f"{farm.url}runs/{run.uuid}"

        def ask(_: int) -> int:
            return httpx.get(url, auth=(token, ""), timeout=NET_S).status_code

        def connections() -> int:
            counted = postgres.run(f"{OURS} AND datname = '{farm_database}'")[0][0]
            assert isinstance(counted, int)
            assert counted <= PROCESSES * THREADS
            return counted

        with ThreadPoolExecutor(3 * PROCESSES * THREADS) as pool:

            def both_processes_have_answered() -> bool:
                assert set(pool.map(ask, range(150))) == {200}
                return connections() >= PROCESSES

            wait_until(both_processes_have_answered)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        pytest.param({"database": "nowhere"}, 'database "nowhere" does not exist', id="missing"),
        pytest.param({"password": "wrong"}, "password authentication failed", id="wrong_password"),
        pytest.param({"password": ""}, "refused the login", id="no_password"),
        pytest.param({"user": "nobody"}, "refused the login", id="no_such_user"),
    ],
)
def test_a_database_that_does_not_let_us_in(
    postgres: PostgreSQL, database: str, tmp_path: Path, change: dict[str, str], text: str
) -> None:
    url = postgres.url(**{"database": database, **change})
    status, line = failing("--port", 0, "--data", tmp_path, "--database-url", url)
    assert status == 1
    assert text in line
    assert postgres.password not in line


def test_a_database_that_cannot_be_reached(tmp_path: Path) -> None:
    url = "postgresql://me@127.0.0.1:1/farm"
    status, line = failing("--port", 0, "--data", tmp_path, "--database-url", url)
    assert status == 1
    assert "cannot reach the database postgresql://me@127.0.0.1:1/farm" in line


def test_a_database_that_we_may_not_write(postgres: PostgreSQL, database: str) -> None:
    role = f"reader_{database}"
    postgres.run(f"CREATE ROLE {role} LOGIN PASSWORD 'reading'")
    with pytest.raises(ConfigurationError, match="no permission to write") as caught:
        LocalServer(database_url=postgres.url(database, role, "reading")).start()
    assert "permission denied for schema public" in str(caught.value)


def test_starts_whatever_other_programs_left_for_gunicorn(
    postgres: PostgreSQL, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ODD_VARIABLES.items():
        monkeypatch.setenv(name, value)
    with LocalServer(database_url=postgres.url(database)) as server:
        assert server.pid is not None
        assert len(members(server.pid)) == 2
        assert httpx.get(server.url + "runs", timeout=NET_S).status_code == 401


def test_a_silent_connection_does_not_hold_up_the_others(
    postgres: PostgreSQL, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So that a server that waits for it would never answer another.
    monkeypatch.setattr(_listener, "RECEIVE_TIMEOUT_S", int(ENDLESS_S))
    with LocalServer(database_url=postgres.url(database)) as server:
        port = urlsplit(server.url).port
        with socket.create_connection(("127.0.0.1", port)):
            assert httpx.get(server.url + "runs", timeout=NET_S).status_code == 401


def test_half_a_request_does_not_hold_up_the_others_for_ever(
    postgres: PostgreSQL, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_listener, "RECEIVE_TIMEOUT_S", 1)
    with LocalServer(database_url=postgres.url(database)) as server:
        port = urlsplit(server.url).port
        with socket.create_connection(("127.0.0.1", port)) as half:
            half.sendall(b"POST /api/run HTTP/1.1\r\nHost: here\r\nContent-Length: 100\r\n\r\n{")
            half_header = socket.create_connection(("127.0.0.1", port))
            with half_header:
                half_header.sendall(b"GET /api/runs HT")
                assert httpx.get(server.url + "runs", timeout=NET_S).status_code == 401
