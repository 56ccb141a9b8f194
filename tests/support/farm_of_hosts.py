"""A server host with a run, and what became of each task in its database."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from taskfarm_sdk.logins import saved_logins
from tests.support.engines import is_missing
from tests.support.hosts import Host
from tests.support.postgresql import PostgreSQL
from tests.support.processes import NET_S, wait_until

PORT = 5000
SERVE = (sys.executable, "-m", "taskfarm_cli.serve", "--host", "0.0.0.0")
MANAGE = (sys.executable, "-m", "taskfarm_cli.manage")

# Keeps connections of clients for long, and ends what they asked for though they went meanwhile.
NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
    uwsgi_temp_path {folder}; scgi_temp_path {folder};
    keepalive_timeout 600s; proxy_ignore_client_abort on;
    server {{ listen {port}; location / {{ proxy_pass http://127.0.0.1:{behind}; }} }}
}}
"""

# What may never happen to a finished task, whoever does it and for however short a time.
WATCH = """
CREATE TABLE spoiled (task INTEGER, was TEXT, becomes TEXT);
CREATE TRIGGER watch AFTER UPDATE ON tasks
WHEN OLD.status = 'done' AND OLD.percentCompleted = 100.0
     AND (NEW.status != 'done' OR NEW.percentCompleted != 100.0)
BEGIN
    INSERT INTO spoiled VALUES (
        OLD.task,
        OLD.status || ' ' || OLD.percentCompleted,
        NEW.status || ' ' || NEW.percentCompleted
    );
END;
"""


class HostedFarm:
    """serveTF on a host, with one run. Logins are kept where TASKFARM_CONFIG says.

    Attributes:
        url: where the other hosts reach it.
        run: the run's uuid.
        token: what lets them in.
    """

    def __init__(self, host: Host, folder: Path, num_tasks: int) -> None:
        self._data = folder / "data"
        self._env: dict[str, str] = {}
        self._said = folder / "serveTF"
        with self._said.open("w") as err:
            host.start([*SERVE, "--port", PORT, "--data", self._data], self._env, stderr=err)
        wait_until(lambda: "ends it" in self._said.read_text())
        self._host = host
        self.url = f"http://{host.address}:{PORT}/api/"
        self.run = host.run([*MANAGE, "--create", num_tasks], self._env).strip()
        (login,) = saved_logins()
        self.token = login.token
        with self._database() as database:
            database.executescript(WATCH)

    @property
    def env(self) -> dict[str, str]:
        """What a program on another host finds the farm by."""
        return {"TASKFARM_URL": self.url, "TASKFARM_TOKEN": self.token}

    def put_nginx_before_it(self, folder: Path) -> None:
        """Have the other hosts go through nginx, which keeps connections open for long."""
        program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
        if program is None:
            is_missing("nginx", "apt-get install nginx-light")
        conf = folder / "nginx.conf"
        conf.write_text(NGINX.format(folder=folder, port=PORT + 1, behind=PORT))
        self._host.start([program, "-e", "stderr", "-p", folder, "-c", conf], {})
        self.url = self.url.replace(f":{PORT}/", f":{PORT + 1}/")
        look = ["ss", "-Htln", f"sport = :{PORT + 1}"]
        wait_until(lambda: self._host.run(look, {}))

    def in_state(self, status: str) -> set[int]:
        """Return the tasks in a state, by the server's names of them."""
        with self._database() as database:
            found = database.execute("SELECT task FROM tasks WHERE status = ?", (status,))
            return {number for (number,) in found}

    def held_by(self, pid: int) -> set[int]:
        """Return the tasks that a worker's process has in hand; pids are the machine's own."""
        with self._database() as database:
            found = database.execute(
                "SELECT task FROM tasks JOIN workers ON worker_id = workers.id "
                "WHERE status = 'computing' AND pid = ?",
                (pid,),
            )
            return {number for (number,) in found}

    def rows(self) -> list[tuple[int, str, float]]:
        """Return number, state and percentage of each task, as the database has them."""
        with self._database() as database:
            return database.execute(
                "SELECT task, status, percentCompleted FROM tasks ORDER BY task"
            ).fetchall()

    def spoiled(self) -> list[tuple[int, str, str]]:
        """Return what became of finished tasks, which is to be nothing."""
        with self._database() as database:
            return database.execute("SELECT * FROM spoiled").fetchall()

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        path = self._data / "taskfarm.db"
        with closing(sqlite3.connect(path, timeout=NET_S)) as connection, connection:
            yield connection


class FleetFarm:
    """serveTF on a host, on PostgreSQL, of several processes with several threads.

    Attributes:
        url: where the other hosts reach it.
        token: what lets them in.
    """

    def __init__(self, host: Host, folder: Path, postgres: PostgreSQL, database: str) -> None:
        self._postgres = postgres
        self._database = database
        said = folder / "serveTF"
        words = [*SERVE, "--port", PORT, "--data", folder / "data"]
        shared = ["--processes", 2, "--threads", 4]
        with said.open("w") as err:
            # Its socket is in a folder, which all hosts of this machine share.
            host.start([*words, *shared, "--database-url", postgres.url(database)], {}, stderr=err)
        wait_until(lambda: "ends it" in said.read_text())
        self.url = f"http://{host.address}:{PORT}/api/"
        host.run([*MANAGE, "--list"], {})
        (login,) = saved_logins()
        self.token = login.token

    def runs(self) -> list[str]:
        """Return the runs' uuids."""
        return [str(uuid) for (uuid,) in self._ask("SELECT uuid FROM runs")]

    def held_by(self, pid: int) -> set[int]:
        """Return the tasks that a worker's process has in hand; pids are the machine's own."""
        found = self._ask(
            "SELECT task FROM tasks JOIN workers ON worker_id = workers.id "
            f"WHERE status = 'computing' AND pid = {pid}"
        )
        return {int(str(number)) for (number,) in found}

    def in_state(self, status: str) -> set[int]:
        """Return the tasks in a state, by the server's names of them."""
        found = self._ask(f"SELECT task FROM tasks WHERE status = '{status}'")
        return {int(str(number)) for (number,) in found}

    def _ask(self, statement: str) -> list[tuple[object, ...]]:
        return self._postgres.run(statement, self._database)
