"""PostgreSQL, as Debian brings it, for the time of tests and benchmarks."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol
from urllib.parse import quote

import psycopg

from tests.support.daemons import ending_with_tests, engine_folder
from tests.support.processes import wait_until

SYSTEM_USER = "postgres"
SETTINGS = ("listen_addresses=", "fsync=off", "synchronous_commit=off", "full_page_writes=off")
# For one that is killed: what it has said is done stays done, as with PostgreSQL's own settings.
# (fsync is for a machine that loses power, and no test does that to this one.)
DURABLE = ("listen_addresses=", "fsync=off")


class NotThere(Exception):
    """PostgreSQL cannot be run here; its text says why."""


class PostgreSQL(NamedTuple):
    """A PostgreSQL that listens on a Unix socket in its folder.

    Attributes:
        sockets: the folder of its socket, which is what libpq takes for a host.
        user: its superuser.
        password: that user's.
    """

    sockets: Path
    user: str
    password: str

    def url(self, database: str, user: str | None = None, password: str | None = None) -> str:
        """Return the URL of one of its databases; an empty password is left out."""
        secret = self.password if password is None else password
        who = (user or self.user) + (f":{quote(secret, safe='')}" if secret else "")
        return f"postgresql://{who}@/{database}?host={quote(str(self.sockets), safe='')}"

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """Return a connection of the superuser's."""
        return psycopg.connect(
            host=str(self.sockets),
            user=self.user,
            password=self.password,
            dbname=database,
            autocommit=True,
        )

    def run(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Run a statement and return its rows."""
        with closing(self.connect(database)) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def new_database(self) -> Iterator[str]:
        """Create an empty database for a block; yield its name."""
        name = f"farm_{secrets.token_hex(4)}"
        self.run(f"CREATE DATABASE {name}")
        try:
            yield name
        finally:
            self.run(f"DROP DATABASE {name} WITH (FORCE)")


class Mortal(Protocol):
    """What a PostgreSQL can be told."""

    def start(self) -> None:
        """Start it again."""
        ...

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it; with SIGQUIT at once and without a word to anybody."""
        ...


@contextmanager
def running_postgresql(
    settings: tuple[str, ...] = SETTINGS,
) -> Iterator[tuple[PostgreSQL, Mortal]]:
    """Run a PostgreSQL of our own, empty, that nobody else can reach.

    Args:
        settings: of its configuration.

    Raises:
        NotThere: it is not installed, or cannot run as who we are.
    """
    binaries = _binaries()
    with (
        engine_folder("postgresql") as folder,
        (mortal := _Process(binaries, folder, settings)) as running,
    ):
        yield running, mortal


class _Process:
    """A PostgreSQL in a folder, for the time of a `with`."""

    def __init__(self, binaries: Path, folder: Path, settings: tuple[str, ...]) -> None:
        self._binaries = binaries
        self._settings = settings
        self._postgres = PostgreSQL(folder, "farmer", secrets.token_urlsafe(12))
        self._log = folder / "log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> PostgreSQL:
        folder = self._postgres.sockets
        secret = folder / "password"
        secret.write_text(self._postgres.password)
        _hand_over(folder, secret)
        made = self._run(
            "initdb", f"--username={self._postgres.user}", f"--pwfile={secret}", "--no-sync",
            "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", f"--pgdata={folder}/data",
        )  # fmt: skip
        assert made.wait() == 0, self._said()
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self._postgres

    def __exit__(self, *_: object) -> None:
        self.stop(signal.SIGQUIT)  # at once, for nothing is kept

    def start(self) -> None:
        """Start it, the first time or after a stop."""
        folder = self._postgres.sockets
        options = [word for setting in self._settings for word in ("-c", setting)]
        self._process = self._run("postgres", "-D", f"{folder}/data", "-k", str(folder), *options)
        wait_until(self._answers)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it; by default as pg_ctl does, which throws everybody out and keeps the data."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait()
            self._process = None

    def _run(self, program: str, *words: str) -> subprocess.Popen[bytes]:
        # By SIGQUIT its children end as well.
        command = ending_with_tests([str(self._binaries / program), *words], signal.SIGQUIT)
        with self._log.open("ab") as log:
            return subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                user=_system_user(),
                group=_system_user(),
                extra_groups=None if _system_user() is None else [],
                cwd="/",
            )

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self._said()
        try:
            self._postgres.connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _said(self) -> str:
        return self._log.read_text(errors="replace")[-2000:]


def _binaries() -> Path:
    """Return the folder of initdb and postgres, newest version first."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    on_path = shutil.which("initdb")
    found = [folder for folder in debian if (folder / "initdb").exists()]
    if on_path is not None:
        found.append(Path(on_path).resolve().parent)
    if not found:
        raise NotThere("PostgreSQL's binaries are missing: apt-get install postgresql")
    return found[0]


def _version(folder: Path) -> float:
    name = folder.parent.name
    return float(name) if name.replace(".", "", 1).isdigit() else 0.0


def _system_user() -> str | None:
    """Return who runs PostgreSQL, for it refuses root; None is whoever runs the tests."""
    return SYSTEM_USER if os.geteuid() == 0 else None


def _hand_over(*paths: Path) -> None:
    user = _system_user()
    if user is None:
        return
    try:
        for path in paths:
            shutil.chown(path, user, user)
    except LookupError:
        raise NotThere(
            f"PostgreSQL refuses to run as root, and there is no user {user!r} to run it as"
        ) from None
