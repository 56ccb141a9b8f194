"""A running server: its processes, as one process group."""

from __future__ import annotations

import json
import math
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self, cast

from taskfarm_sdk import _validation
from taskfarm_sdk._processes.forks import close_in_children
from taskfarm_sdk._processes.groups import wait_until_gone
from taskfarm_sdk.errors import ConfigurationError
from taskfarm_sdk.hidden import Hidden, Veil
from taskfarm_sdk.server import _checked
from taskfarm_sdk.server._capacity import QUERY, Capacity
from taskfarm_sdk.server._failures import explain
from taskfarm_sdk.server._settings import Secrets, ServerSettings

_BOOTSTRAP = Path(__file__).with_name("_bootstrap.py")
_REAP_S = 10.0
_LONGEST_LOOK_S = 86_400.0
# Variables that would change the server, or put a secret into its initial environment.
_NOT_INHERITED = frozenset({"SECRET_KEY", "DATABASE_URL", "PYTHONWARNINGS"})
# Variables of this Python environment that would confuse the interpreter of another one.
_OWN_PYTHON = frozenset({"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__"})


class ServerProcess:
    """A server's processes: the constructor starts them, and `wait_ready` waits until they serve.

    In between, the server prepares its database. `wait_prepared` returns after that, before any
    client can connect (unless the sockets already listen).

    The processes form their own process group, so Ctrl-C in a terminal reaches only the parent, and
    `kill` reaches all of them. They end when this process ends, for whatever reason. As a context
    manager, it stops the server on exit.

    Args:
        settings: database, user, processes and threads.
        secrets: the key that signs tokens, and the user's password.
        listeners: sockets that are bound (`bind`) or already listen (`listen`). Their copies in
            this process are closed, so that no client waits for a server that has ended.
        python: the interpreter that runs it; None is this process's own. It needs the packages
            of the extra `server`, but not taskfarm_sdk.
        log: the file descriptor for the server's own messages; None is this process's stderr.
        hold: descriptors that the server keeps open as long as it lives, such as a lock's.
        remove: a folder that the server removes if it has to end because its parent is gone.

    Raises:
        ConfigurationError: an argument is wrong, or the interpreter does not exist or cannot be
            run.
    """

    def __init__(
        self,
        settings: ServerSettings,
        secrets: Secrets,
        listeners: Sequence[socket.socket],
        *,
        python: str | os.PathLike[str] | None = None,
        log: int | None = None,
        hold: Sequence[int] = (),
        remove: Path | None = None,
    ) -> None:
        _checked.kind("settings", settings, ServerSettings)
        _checked.kind("secrets", secrets, Secrets)
        _checked.sockets("listeners", listeners)
        _checked.descriptors("hold", hold)
        _checked.descriptors("log", () if log is None else (log,))
        _interpreter(python)
        if remove is not None:
            _validation.file_name("remove", remove)
        self._settings = settings
        self._python = python
        self._files = secrets.key_file, secrets.password_file
        self._owner = os.getpid()
        self._received = b""
        self._prepared = False
        self._refused = False
        self._capacity: Capacity | None = None
        stderr = _own_log() if log is None else log
        theirs, self._lifeline = _pipe()
        self._report, report = _pipe()
        try:
            with (
                _above_streams([one.fileno() for one in listeners]) as handed,
                _above_streams(hold) as held,
                Veil(),
            ):
                self._process = subprocess.Popen(  # noqa: S603 - the SDK's own script and arguments
                    [_interpreter(python), os.fspath(_BOOTSTRAP)],
                    stdin=theirs,
                    stdout=report,
                    stderr=stderr,
                    pass_fds=[*handed, *held],
                    start_new_session=True,
                    env=child_environment(own_python=python is None).reveal(),
                    cwd="/",  # a folder that exists and contains no modules
                )
        except OSError as error:
            self._close()
            raise ConfigurationError(
                f"cannot run the interpreter {_interpreter(python)!r}: {error.strerror}"
            ) from error
        except BaseException:
            self._close()  # the end of the lifeline ends the server if it was started
            raise
        finally:
            theirs.close()
            report.close()
            for listener in listeners:
                listener.close()
        self._configure(secrets, handed, remove)

    @property
    def pid(self) -> int:
        """The id of the process that starts the serving ones, and of the process group."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether any process of the server may still run."""
        return not self._report.closed

    @property
    def refused(self) -> bool:
        """Whether the start has failed, and the database is as it was before."""
        return self._refused

    def wait_prepared(self, timeout_s: float | None = None) -> Capacity | None:
        """Wait until the server has prepared its database, before it listens.

        Args:
            timeout_s: the time limit in seconds; None waits for ever (a new index on a large table
                may take long).

        Returns:
            The needed and allowed connections of the database; None on SQLite, or if the query
            failed.

        Raises:
            ConfigurationError: the server failed or took too long, and was killed; the message
                says what to do. Or `timeout_s` is no time.
        """
        timeout_s = _checked.limit_s(timeout_s)
        if not self._prepared:
            row = self._expect("prepared", timeout_s).get("capacity")
            at_once = self._settings.processes * self._settings.threads
            self._capacity = Capacity.from_row(cast("list[int | None] | None", row), at_once)
            self._prepared = True
        return self._capacity

    def wait_ready(self, timeout_s: float | None = None) -> None:
        """Let the server listen, and wait until its first process serves requests.

        Args:
            timeout_s: the time limit of each of the two steps, `wait_prepared` and this one, in
                seconds; None waits for ever.

        Raises:
            ConfigurationError: the server failed or took too long, and was killed; the message
                says what to do. Or `timeout_s` is no time.
        """
        timeout_s = _checked.limit_s(timeout_s)
        self.wait_prepared(timeout_s)
        with suppress(BrokenPipeError):  # it has died since; the next line raises
            self._lifeline.write(b"\n")
        self._expect("ready", timeout_s)

    def _expect(self, event: str, timeout_s: float | None) -> dict[str, object]:
        """Return the details of an event; raise if another one arrives."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        try:
            line = self._line(deadline)
        except TimeoutError:
            self.kill()
            raise ConfigurationError(
                f"the server was not ready within {timeout_s:g} s: see its log"
            ) from None
        except BaseException:
            self.kill()
            raise
        message = cast("dict[str, object]", json.loads(line)) if line else {}
        if message.get("event") == event:
            return message
        self._refused = message.get("unchanged") is True
        self.kill()
        raise explain(
            str(message.get("kind", "crash")),
            str(message.get("detail", "it ended without a message; see its log")),
            database=self._settings.database,
            python=self._python,
            files=self._files,
        )

    def wait(self) -> None:
        """Return when all processes of the server have ended."""
        with suppress(TimeoutError):
            while self._line(None):
                pass
        self.kill()

    def reload(self) -> None:
        """Replace the serving processes one by one, without refusing a request.

        Raises:
            ConfigurationError: the database is SQLite, where two processes would serve at once.
        """
        if self._settings.database.path is not None:
            raise ConfigurationError(
                "on SQLite the server cannot be reloaded, because two processes would hand out "
                "tasks for a moment; stop it and start it again"
            )
        self._signal(signal.SIGHUP)

    def stop(self, grace_s: float = 15.0) -> None:
        """Stop the server: finish the requests in progress, then kill all processes.

        Args:
            grace_s: how long the requests in progress may take, in seconds.

        Raises:
            ConfigurationError: `grace_s` is no time; the server goes on.
        """
        grace_s = _validation.seconds("grace_s", grace_s, zero=True)
        try:
            self._signal(signal.SIGTERM)
            with suppress(TimeoutError):
                deadline = time.monotonic() + grace_s
                while self._line(deadline):
                    pass
        finally:
            self.kill()

    def kill(self) -> None:
        """Kill the process group with SIGKILL, and wait until all its processes have ended."""
        if os.getpid() != self._owner or not self.alive:
            return
        # Before `wait` reaps the master: until then no other group can get its id.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        with suppress(TimeoutError):
            deadline = time.monotonic() + _REAP_S
            while self._line(deadline):
                pass
        # Processes close the report shortly before they end.
        wait_until_gone(self.pid)
        self._close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the server."""
        self.stop()

    def _configure(self, secrets: Secrets, listeners: Sequence[int], remove: Path | None) -> None:
        settings = self._settings
        path = settings.database.path
        document: Hidden[dict[str, object]] = Hidden(
            {
                "sqlite_path": None if path is None else os.fspath(path),
                "database_url": settings.database.url,
                "connect_args": settings.database.connect_args,
                "capacity_query": None if settings.database.url is None else QUERY,
                "secret_key": secrets.key,
                "one_key": settings.one_key,
                "user": settings.user,
                "password": secrets.password,
                "processes": settings.processes,
                "threads": settings.threads,
                "access_log": settings.access_log,
                "debug": os.environ.get("TASKFARM_DEBUG") == "1",
                "listeners": listeners,
                "remove": None if remove is None else os.fspath(remove),
            }
        )
        with suppress(BrokenPipeError), Veil():  # it has died already; `wait_ready` raises
            self._lifeline.write(json.dumps(document.reveal()).encode() + b"\n")

    def _signal(self, number: signal.Signals) -> None:
        if os.getpid() == self._owner and self.alive:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def _line(self, deadline: float | None) -> bytes:
        """Return the next line of the report; it is empty when all processes have ended."""
        if not self.alive:
            return b""
        with selectors.DefaultSelector() as selector:
            selector.register(self._report, selectors.EVENT_READ)
            while b"\n" not in self._received:
                left_s = math.inf if deadline is None else max(0.0, deadline - time.monotonic())
                # The kernel knows no longer ones than of 24 days.
                if not selector.select(min(left_s, _LONGEST_LOOK_S)):
                    if left_s <= _LONGEST_LOOK_S:
                        raise TimeoutError
                    continue
                chunk = self._report.read(65536)
                if not chunk:
                    return b""
                self._received += chunk
        line, _, self._received = self._received.partition(b"\n")
        return line

    def _close(self) -> None:
        self._lifeline.close()
        self._report.close()


def _pipe() -> tuple[IO[bytes], IO[bytes]]:
    reader, writer = os.pipe()
    ends = os.fdopen(reader, "rb", buffering=0), os.fdopen(writer, "wb", buffering=0)
    close_in_children(*ends)
    return ends


def _own_log() -> int | None:
    """Return what the server writes its messages to: this process's stderr, unless that is closed.

    A file that has got the number of a closed stderr since is none.
    """
    try:
        os.fstat(2)
    except OSError:
        return subprocess.DEVNULL
    # Typed as never None, which it is where stderr was closed when Python started.
    return subprocess.DEVNULL if cast("object", sys.__stderr__) is None else None


@contextmanager
def _above_streams(descriptors: Sequence[int]) -> Generator[list[int]]:
    """Yield descriptors of the same files that are none of 0, 1 and 2.

    Where a standard stream is closed, the next file gets its number; in the server that number is
    a stream's again, and the file would be lost.
    """
    with ExitStack() as copies:
        yield [one if one > 2 else _copied(one, copies) for one in descriptors]


def _copied(descriptor: int, copies: ExitStack) -> int:
    import fcntl  # missing on Windows, where this package must still be importable

    copy = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 3)
    copies.callback(os.close, copy)
    return copy


def _interpreter(python: str | os.PathLike[str] | None) -> str:
    if python is None:
        return sys.executable
    name = _validation.file_name("python", python)
    # Absolute, because the server runs in another folder; not resolved, because the python of an
    # environment is a symbolic link.
    return str(Path(name).absolute()) if os.sep in name else name


def child_environment(*, own_python: bool) -> Hidden[dict[str, str]]:
    """Return the environment for a process that imports the server.

    Args:
        own_python: whether this process's own interpreter runs it.
    """
    left_out = _NOT_INHERITED if own_python else _NOT_INHERITED | _OWN_PYTHON
    environment = Hidden(
        {
            name: value
            for name, value in os.environ.items()
            if name not in left_out and not name.startswith("TASKFARM_")
        }
    )
    if "PYTHONPATH" in environment.reveal():
        # The server runs in another folder, where "." means something else.
        folders = environment.reveal()["PYTHONPATH"].split(os.pathsep)
        absolute = os.pathsep.join(str(Path(one).absolute()) for one in folders)
        environment.reveal()["PYTHONPATH"] = absolute
    return environment
