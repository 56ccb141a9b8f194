"""LocalServer against the real server: started, killed, left behind, interrupted."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from taskfarm_sdk import ConfigurationError, ConnectionFailed, Farm
from taskfarm_sdk.server import ServerProcess
from taskfarm_sdk.testing import LocalServer
from tests.support import programs
from tests.support.processes import NET_S, members, wait_until

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at processes through /proc"),
]


@pytest.fixture(scope="module")
def server() -> Iterator[LocalServer]:
    """A server of this module's own, that its tests may kill."""
    with LocalServer() as server:
        yield server


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made, and seen if they stay."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def answers(server: LocalServer) -> int:
    return httpx.get(server.url + "runs", timeout=NET_S).status_code


def folder_of(server: LocalServer) -> Path:
    assert server._folder is not None
    return server._folder


def log_of(server: LocalServer) -> str:
    return (folder_of(server) / "server.log").read_text()


def group_of(server: LocalServer) -> int:
    assert server.pid is not None
    return server.pid


def test_serves_one_user_with_a_random_password(server: LocalServer) -> None:
    assert server.url.startswith("http://127.0.0.1:")
    assert server.url.endswith("/api/")
    with server.farm() as farm:
        assert farm.create_run(3).num_tasks == 3
    assert httpx.get(server.url + "token", auth=("local", "wrong")).status_code == 401


def test_repr_masks_the_password(server: LocalServer) -> None:
    assert server.password not in repr(server)
    assert server.url in repr(server)
    assert "not started" in repr(LocalServer())


def test_comes_back_after_a_kill_with_port_data_and_tokens(server: LocalServer) -> None:
    with server.farm() as farm:
        token, uuid, url = farm.login(), farm.create_run(7).uuid, server.url
    group = group_of(server)
    server.kill()
    assert members(group) == []
    assert not Path(f"/proc/{group}").exists()  # not even as a zombie
    with Farm(url, token=token, give_up_after_s=0) as farm, pytest.raises(ConnectionFailed):
        farm.runs()
    server.start()
    assert server.url == url
    with Farm(url, token=token) as farm:
        assert farm.get_run(uuid).num_tasks == 7


def test_killing_and_starting_twice_is_harmless(server: LocalServer) -> None:
    server.kill()
    server.kill()
    server.start()
    group = group_of(server)
    assert server.start() is server
    assert group_of(server) == group


def test_nobody_else_gets_its_port_while_it_is_killed(server: LocalServer) -> None:
    if sys.platform != "linux":
        pytest.skip("the port is kept on Linux alone")
    server.kill()
    try:
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", urlsplit(server.url).port))
    finally:
        server.start()


def test_is_a_master_and_one_worker_in_a_group_of_their_own(server: LocalServer) -> None:
    group = group_of(server)
    master, worker = members(group)
    assert (master.pid, master.parent) == (group, os.getpid())
    assert worker.parent == group
    assert group != os.getpgrp()


def test_no_secret_is_in_a_command_line_or_initial_environment(server: LocalServer) -> None:
    secrets = [server.password.encode(), server._secrets.key.encode()]
    for process in members(group_of(server)):
        shown = process.shown
        assert b"_bootstrap.py" in shown
        assert not [secret for secret in secrets if secret in shown]


def test_users_and_keys_in_the_environment_stay_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SECRET_KEY", "DATABASE_URL", "TASKFARM_PASSWORD", "SCRIPT_NAME", "FLASK_DEBUG"):
        monkeypatch.setenv(name, "/of-the-caller")
    with LocalServer() as server:
        master, worker = members(group_of(server))
        assert b"TASKFARM_PASSWORD" not in master.shown + worker.shown
        with server.farm() as farm:
            assert farm.runs() == []


def test_sqlite_is_in_wal_mode_and_has_both_missing_indexes(server: LocalServer) -> None:
    with closing(sqlite3.connect(folder_of(server) / "taskfarm.db")) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert indexes(database) >= {("run_id", "task"), ("run_id", "status")}


def test_indexes_are_made_once_whatever_they_are_called(server: LocalServer) -> None:
    server.kill()
    with closing(sqlite3.connect(folder_of(server) / "taskfarm.db")) as database, database:
        database.execute("DROP INDEX ix_tasks_run_id_task")
        database.execute("DROP INDEX ix_tasks_run_id_status")
        database.execute("CREATE INDEX another_name ON tasks (run_id, task)")
    server.start()
    with closing(sqlite3.connect(folder_of(server) / "taskfarm.db")) as database:
        names = [row[1] for row in database.execute("PRAGMA index_list(tasks)")]
    assert sorted(names) == ["another_name", "ix_tasks_run_id_status"]


def indexes(database: sqlite3.Connection) -> set[tuple[str, ...]]:
    names = [row[1] for row in database.execute("PRAGMA index_list(tasks)")]
    return {tuple(row[2] for row in database.execute(f"PRAGMA index_info({n})")) for n in names}


@pytest.mark.parametrize(
    "number",
    [signal.SIGHUP, signal.SIGTTIN, signal.SIGTTOU, signal.SIGUSR1, signal.SIGUSR2],
    ids=lambda number: number.name,
)
def test_no_signal_starts_a_second_process_on_sqlite(
    server: LocalServer, number: signal.Signals
) -> None:
    before = members(group_of(server))
    os.kill(group_of(server), number)
    wait_until(lambda: f"{number.name} is ignored" in log_of(server))
    assert answers(server) == 401
    assert members(group_of(server)) == before


def test_a_worker_that_is_killed_is_replaced(server: LocalServer) -> None:
    worker = members(group_of(server))[1].pid
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: {p.pid for p in members(group_of(server))[1:]} - {worker})
    assert answers(server) == 401
    assert f"the serving process {worker} was killed by SIGKILL" in log_of(server)


def test_a_worker_that_ends_by_itself_is_replaced(server: LocalServer) -> None:
    worker = members(group_of(server))[1].pid
    os.kill(worker, signal.SIGTERM)
    wait_until(lambda: {p.pid for p in members(group_of(server))[1:]} - {worker})
    assert answers(server) == 401


def test_a_worker_that_cannot_be_replaced_ends_the_server() -> None:
    with LocalServer() as server:
        group = group_of(server)
        (folder_of(server) / "taskfarm.db").write_bytes(b"not what SQLite writes" * 100)
        os.kill(members(group)[1].pid, signal.SIGKILL)
        wait_until(lambda: members(group) == [])


def test_a_worker_whose_master_is_killed_ends() -> None:
    with LocalServer() as server:
        group = group_of(server)
        os.kill(group, signal.SIGKILL)
        wait_until(lambda: members(group) == [])


def test_leaves_nothing_behind(temporary: Path) -> None:
    with LocalServer() as server:
        group = group_of(server)
        assert len(list(temporary.iterdir())) == 1
    assert members(group) == []
    assert list(temporary.iterdir()) == []
    server.stop()
    with pytest.raises(ConfigurationError, match="create a new LocalServer"):
        server.start()


def test_stops_when_its_block_ends_with_an_error(temporary: Path) -> None:
    with pytest.raises(ZeroDivisionError), LocalServer() as server:
        group = group_of(server)
        raise ZeroDivisionError
    assert members(group) == []
    assert list(temporary.iterdir()) == []


def test_interrupted_while_starting_leaves_nothing(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups = []

    def interrupted(self: ServerProcess, _: float | None) -> bytes:
        groups.append(self.pid)
        monkeypatch.undo()
        raise KeyboardInterrupt

    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.setattr(ServerProcess, "_line", interrupted)
    with pytest.raises(KeyboardInterrupt):
        LocalServer().start()
    assert members(groups[0]) == []
    assert list(temporary.iterdir()) == []


def test_starts_from_many_threads_at_once() -> None:
    def serve(_: int) -> tuple[str, int]:
        with LocalServer() as server:
            return server.url, answers(server)

    with ThreadPoolExecutor(3) as pool:
        served = dict(pool.map(serve, range(3)))
    assert list(served.values()) == [401, 401, 401]


ORPHANED = """
import os, sys
from taskfarm_sdk.testing import LocalServer
from tests.support.told import told

server = LocalServer().start()
for _ in range(told(dict)["forked"]):
    if os.fork() == 0:  # a bystander, with copies of all of its parent's descriptors
        sys.stdout.close()
        sys.stdin.read()
        os._exit(0)
print(server.pid, server._folder, server.url, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize(
    "forked", [pytest.param(0, id="alone"), pytest.param(1, id="with_a_forked_child_left")]
)
def test_ends_when_its_parent_is_killed(forked: int) -> None:
    with programs.running("-c", ORPHANED, told={"forked": forked}) as parent:
        group, folder, _ = programs.read_line(parent.stdout).split()
        assert len(members(int(group))) == 2
        parent.kill()
        parent.wait()
        wait_until(lambda: members(int(group)) == [])
        wait_until(lambda: not Path(folder).exists())


FORKED = """
import os, urllib.request
from urllib.error import HTTPError
from taskfarm_sdk.testing import LocalServer

with LocalServer() as server:
    child = os.fork()
    if child:
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        try:
            urllib.request.urlopen(server.url + "runs")
        except HTTPError as error:
            print(error.code)
"""


def test_a_forked_child_that_leaves_the_block_stops_nothing() -> None:
    assert programs.run_silently("-c", FORKED, told={}) == ["0", "401"]


@pytest.fixture
def other_environment(tmp_path: Path) -> Path:
    """An interpreter that has all that this one has, but for taskfarm_sdk."""
    python = bare_environment(tmp_path)
    ours, theirs = (
        Path(_output(interpreter, "import sysconfig; print(sysconfig.get_path('purelib'))"))
        for interpreter in (Path(sys.executable), python)
    )
    for entry in ours.iterdir():
        if "taskfarm_sdk" not in entry.name and "taskfarm_api" not in entry.name:
            (theirs / entry.name).symlink_to(entry)
    for line in theirs.glob("*taskfarm*.pth"):
        line.unlink()
    return python


def bare_environment(tmp_path: Path) -> Path:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "other"], check=True)
    return tmp_path / "other" / "bin" / "python"


def _output(python: Path, code: str) -> str:
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_runs_in_an_environment_without_the_sdk(
    other_environment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    monkeypatch.chdir(tmp_path)
    asked = "import importlib.util as u; print(u.find_spec('taskfarm_sdk'))"
    with monkeypatch.context() as without:
        without.delenv("PYTHONPATH")
        assert _output(other_environment, asked) == "None"
    with LocalServer(python=other_environment.relative_to(tmp_path)) as server:
        assert answers(server) == 401
        assert os.fsencode(other_environment) in members(group_of(server))[0].shown


def test_an_environment_without_the_server_is_told_how_to_get_it(tmp_path: Path) -> None:
    python = bare_environment(tmp_path)
    with pytest.raises(ConfigurationError, match="not installed") as caught:
        LocalServer(python=python).start()
    assert f"{python} -m pip install" in str(caught.value)
    assert "taskfarm==0.4.0" in str(caught.value)


def test_an_interpreter_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file"):
        LocalServer(python=tmp_path / "python").start()


def test_a_server_that_dies_at_once_shows_its_log(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 'no such luck' >&2\nexit 9\n")
    python.chmod(0o700)
    with pytest.raises(ConfigurationError, match=r"did not start(.|\n)*no such luck"):
        LocalServer(python=python).start()


@pytest.mark.parametrize(
    ("processes", "threads"),
    [pytest.param(2, 1, id="two_processes"), pytest.param(1, 4, id="four_threads")],
)
def test_sqlite_takes_one_process_and_one_thread(processes: int, threads: int) -> None:
    with pytest.raises(ConfigurationError, match="hands out tasks twice"):
        LocalServer(processes=processes, threads=threads)


def test_there_is_no_url_before_the_start() -> None:
    with pytest.raises(ConfigurationError, match="was not started"):
        _ = LocalServer().url
