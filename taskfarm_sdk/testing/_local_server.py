"""`LocalServer`: the real taskfarm server on the loopback interface, for tests."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import attrs

from taskfarm_sdk import _validation
from taskfarm_sdk.errors import ConfigurationError
from taskfarm_sdk.hidden import half_made, hide
from taskfarm_sdk.server import Database, ReservedPort, Secrets, ServerProcess, ServerSettings

if TYPE_CHECKING:
    from taskfarm_sdk import Farm

START_TIMEOUT_S = 60.0
LOG_TAIL_LINES = 15
DATABASE = "taskfarm.db"
LOG = "server.log"


class LocalServer:
    """The real taskfarm server for tests, on a free port of 127.0.0.1.

    `with LocalServer() as server:` starts it, with its own user and a random password, and stops it
    on exit. It also ends whenever this process ends, even by SIGKILL.

    Args:
        python: the interpreter that runs the server, if your dependencies conflict with the
            server's. Its environment needs the packages of the extra `server`, but not
            taskfarm_sdk. None is this process's own.
        database_url: a PostgreSQL database (`postgresql://USER@HOST/NAME`); the server's tables
            stay in it. None is a temporary SQLite file, removed by `stop`.
        processes: the number of processes that serve; exactly 1 on SQLite.
        threads: the number of requests that each of them handles at once; exactly 1 on SQLite.

    Raises:
        ConfigurationError: more than one process or thread on SQLite, the URL is not one of
            PostgreSQL, or `python` is no path.
    """

    def __init__(
        self,
        *,
        python: str | os.PathLike[str] | None = None,
        database_url: str | None = None,
        processes: int = 1,
        threads: int = 1,
    ) -> None:
        given = hide(database_url)
        del database_url
        self._python = None if python is None else _validation.file_name("python", python)
        self._owner = os.getpid()
        self._changing = threading.RLock()
        self._port: ReservedPort | None = None
        self._process: ServerProcess | None = None
        self._folder: Path | None = None
        self._stopped = False
        self._settings = ServerSettings(
            # The folder is created at the first start: a server that never starts leaves no files.
            database=(
                Database.sqlite(DATABASE) if given is None else Database.postgresql(given.reveal())
            ),
            user="local" if given is None else f"local-{secrets.token_hex(4)}",
            processes=processes,
            threads=threads,
        )
        self._secrets = Secrets(key=secrets.token_hex(32), password=secrets.token_hex(16))

    @property
    def url(self) -> str:
        """The API's URL, ending in `/api/`; it stays the same after `kill` and `start`.

        Raises:
            ConfigurationError: the server was never started.
        """
        if self._port is None:
            raise ConfigurationError("this server was not started: use it in a `with` block")
        return f"http://127.0.0.1:{self._port.port}/api/"

    @property
    def user(self) -> str:
        """The name of the server's only user."""
        return self._settings.user

    @property
    def password(self) -> str:
        """The random password of that user, unchanged until `stop`."""
        return self._secrets.password

    @property
    def pid(self) -> int | None:
        """The id of the server's process group, or None if the server is not running."""
        return None if self._process is None else self._process.pid

    def farm(self) -> Farm:
        """Return a new Farm for this server, logged in as its user.

        Raises:
            ConfigurationError: the server was never started.
        """
        from taskfarm_sdk import Farm

        return Farm(self.url, user=self.user, password=self.password)

    def start(self) -> Self:
        """Start the server, or start it again after `kill`: same port, data, users and tokens.

        Does nothing if the server is running. Returns when it serves requests.

        Returns:
            Itself.

        Raises:
            ConfigurationError: the server is not installed (`pip install '.[server]'` in the folder
                of the source), its database cannot be used, or `stop` was called before.
        """
        with self._changing:
            if self._stopped:
                raise ConfigurationError("this server was stopped: create a new LocalServer")
            if self._process is not None:
                return self
            again = self._folder is not None
            try:
                self._start()
            except BaseException:
                # `__exit__` does not run if `__enter__` fails.
                if not again:
                    self.stop()
                raise
        return self

    def kill(self) -> None:
        """Kill the server's whole process group with SIGKILL, and keep its port and data.

        Does nothing if the server is not running. Returns when all its processes have ended.
        """
        with self._changing:
            if self._process is not None and os.getpid() == self._owner:
                self._process.kill()
                self._process = None

    def stop(self) -> None:
        """Stop the server and remove its temporary data; it cannot be started again."""
        if os.getpid() != self._owner:
            return  # a forked child exits its parent's `with` too
        with self._changing:
            self._stopped = True
            # The data is removed, so a graceful end is not needed.
            self.kill()
            if self._port is not None:
                self._port.close()
            if self._folder is not None:
                shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self) -> None:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="taskfarm-server-"))
            if self._settings.database.path is not None:
                database = Database.sqlite(self._folder / DATABASE)
                self._settings = attrs.evolve(self._settings, database=database)
        if self._port is None:
            self._port = ReservedPort()
        log = self._folder / LOG
        with log.open("ab") as file:
            process = ServerProcess(
                self._settings,
                self._secrets,
                [self._port.listen()],
                python=self._python,
                log=file.fileno(),
                remove=self._folder,
            )
        try:
            process.wait_ready(START_TIMEOUT_S)
        except ConfigurationError as error:
            raise ConfigurationError(f"{error}{_tail(log)}", detail=error.detail) from error
        self._process = process

    def __enter__(self) -> Self:
        """Start the server."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the server."""
        self.stop()

    @half_made
    def __repr__(self) -> str:
        where = "not started" if self._port is None else self.url
        return f"LocalServer({where}, user={self.user!r}, password='***')"


def _tail(log: Path) -> str:
    """Return the end of the server's log, which `stop` removes."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_TAIL_LINES:]
    return "".join(f"\n    {line}" for line in lines)
