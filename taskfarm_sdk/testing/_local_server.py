"""`LocalServer`: the real taskfarm server on this machine's loopback, for the time of a test."""

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

from taskfarm_sdk.errors import ConfigurationError
from taskfarm_sdk.server import Database, ReservedPort, Secrets, ServerProcess, ServerSettings

if TYPE_CHECKING:
    from taskfarm_sdk import Farm

START_TIMEOUT_S = 60.0
LOG_TAIL_LINES = 15
DATABASE = "taskfarm.db"
LOG = "server.log"


class LocalServer:
    """The real taskfarm server for the time of a test, on a free port of 127.0.0.1.

    `with LocalServer() as server:` starts it, with a user of its own and a random password, and
    stops it on leaving. It ends with this process too, however that ends, SIGKILL included.

    Args:
        python: the interpreter to run the server with, for users whose own pins clash with the
            server's: of any environment that has what the extra `server` lists (taskfarm_sdk need
            not be there). None is this process's own.
        database_url: a PostgreSQL to use (`postgresql://USER@HOST/NAME`); what the server makes
            in it stays there. None is a temporary SQLite file, removed by `stop`.
        processes: how many processes serve; exactly 1 on SQLite.
        threads: how many requests each of them handles at once; exactly 1 on SQLite.

    Raises:
        ConfigurationError: on SQLite, more than one process or thread was asked for, or the
            database's URL is not a PostgreSQL's.
    """

    def __init__(
        self,
        *,
        python: str | os.PathLike[str] | None = None,
        database_url: str | None = None,
        processes: int = 1,
        threads: int = 1,
    ) -> None:
        self._python = python
        self._owner = os.getpid()
        self._changing = threading.RLock()
        self._port: ReservedPort | None = None
        self._process: ServerProcess | None = None
        self._folder: Path | None = None
        self._stopped = False
        self._settings = ServerSettings(
            # The folder is created at the first start: a server that never starts leaves no files.
            database=(
                Database.sqlite(DATABASE)
                if database_url is None
                else Database.postgresql(database_url)
            ),
            user="local" if database_url is None else f"local-{secrets.token_hex(4)}",
            processes=processes,
            threads=threads,
        )
        self._secrets = Secrets(key=secrets.token_hex(32), password=secrets.token_hex(16))

    @property
    def url(self) -> str:
        """The API's URL, ending in `/api/`; it stays the same over `kill` and `start`.

        Raises:
            ConfigurationError: the server was never started.
        """
        if self._port is None:
            raise ConfigurationError("this server was not started yet: use it in a `with`")
        return f"http://127.0.0.1:{self._port.port}/api/"

    @property
    def user(self) -> str:
        """The name of the server's only user."""
        return self._settings.user

    @property
    def password(self) -> str:
        """That user's password: random, as long as the server lives."""
        return self._secrets.password

    @property
    def pid(self) -> int | None:
        """The id of the server's process group, or None while it does not run."""
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

        Does nothing if it runs. Returns when it serves requests.

        Returns:
            Itself.

        Raises:
            ConfigurationError: the server is not installed (`pip install 'taskfarm-sdk[server]'`),
                its database cannot be used, or it was stopped before.
        """
        with self._changing:
            if self._stopped:
                raise ConfigurationError("this server was stopped and is gone: make a new one")
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

        Does nothing if it does not run. Returns when nothing of it is left.
        """
        with self._changing:
            if self._process is not None and os.getpid() == self._owner:
                self._process.kill()
                self._process = None

    def stop(self) -> None:
        """End the server and remove its temporary data; it cannot be started again."""
        if os.getpid() != self._owner:
            return  # a forked child leaves its parent's `with` too
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

    def __repr__(self) -> str:
        where = "not started" if self._port is None else self.url
        return f"LocalServer({where}, user={self.user!r}, password='***')"


def _tail(log: Path) -> str:
    """Return the end of the server's log, which goes with the folder."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_TAIL_LINES:]
    return "".join(f"\n    {line}" for line in lines)
