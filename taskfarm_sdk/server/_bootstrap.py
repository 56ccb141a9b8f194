"""The server's own process: run by path, with any interpreter that has taskfarm and gunicorn.

It imports only the standard library, taskfarm, gunicorn, SQLAlchemy and, by path, `_tables` and
`_error_log`, because `LocalServer(python=…)` runs it without taskfarm_sdk. It uses two pipes to its
parent:

- stdin carries one line of JSON, the configuration, and later one byte: the prepared server may
  listen. So no secret is on the command line or in the initial environment. The pipe stays open;
  its end means that the parent has ended.
- stdout carries lines of JSON: `{"event": "prepared", …}` when the database is ready, then
  `{"event": "ready"}`; or `{"event": "failed", "kind": …, …}`, whose `unchanged` says that the
  database is as it was. Every process of the server keeps it open, so its end means that all of
  them have ended.

The database is prepared in one transaction, which is committed once the sockets listen: a start
that is refused until then changes nothing.
"""

from __future__ import annotations

import sys

# A script's own folder comes first in sys.path, and its files would be imported as modules.
if __name__ == "__main__" and sys.path and sys.path[0].endswith("server"):
    del sys.path[0]

import contextlib
import errno
import importlib.util
import json
import os
import shutil
import signal
import socket
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

if TYPE_CHECKING or __name__ != "__main__":
    from taskfarm_sdk.server import _error_log, _tables
else:

    def _beside(name: str) -> Any:
        """Import a file beside this one."""
        path = Path(__file__).with_name(f"{name}.py")
        spec: Any = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    _error_log, _tables = _beside("_error_log"), _beside("_tables")

# Longer than the 5 s of httpx and the 1.5 s of the SDK: the client closes first, so that no request
# uses a connection that the server is closing.
KEEPALIVE_S = 10
GRACE_S = 10
# gthread's main loop reports once a second; only a hung process is this late.
WORKER_TIMEOUT_S = 120
# gunicorn waits 5 s in a worker thread for the first byte of a new connection. On SQLite, with one
# thread, a silent connection would block all others that long.
FIRST_BYTE_S = 0.2
MAX_FILES = 4096
BACKLOG = 2048
ACCESS_LOG = '%(h)s %(t)s "%(r)s" %(s)s %(b)s %(M)sms'  # no %(u)s: the Basic user is the token


class Report:
    """The pipe to the parent."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.unchanged = True  # until the preparation is committed

    def send(self, event: str, **facts: object) -> None:
        line = json.dumps({"event": event, **facts}) + "\n"
        with contextlib.suppress(OSError):  # the parent has ended; the other pipe ends this process
            os.write(self._descriptor, line.encode())

    def fail(self, kind: str, detail: str) -> NoReturn:
        self.send("failed", kind=kind, detail=detail, unchanged=self.unchanged)
        sys.exit(1)


def main() -> None:
    """Read the configuration, report the start or its failure, and serve until told to end."""
    if os.getpgrp() != os.getpid():
        os.setsid()
    signal.pthread_sigmask(signal.SIG_SETMASK, [])  # a caller's thread may have blocked some
    os.umask(0o077)
    parent, report = _take_pipes()
    try:
        config = _read_config(parent)
        may_listen = _end_with_parent(parent, config["remove"])
        _clean_environment()
        _raise_file_limit()
        _serve(config, report, may_listen)
    except _tables.Failure as failure:
        report.fail(failure.kind, failure.detail)
    except Exception as error:  # noqa: BLE001 - every failure is reported to the parent
        traceback.print_exc()
        report.fail("internal", _tables.first_line(error))


def _take_pipes() -> tuple[int, Report]:
    """Move both pipes off stdin and stdout, which libraries may read or write."""
    parent, report = os.dup(0), os.dup(1)  # dup'ed descriptors are not inheritable
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return parent, Report(report)


def _read_config(descriptor: int) -> dict[str, Any]:
    received = b""
    while not received.endswith(b"\n"):
        chunk = os.read(descriptor, 65536)
        if not chunk:
            sys.exit(1)
        received += chunk
    return _tables.with_hidden_secrets(json.loads(received))


def _end_with_parent(descriptor: int, folder: str | None) -> threading.Event:
    """End the process group when the parent has ended; return an event that its byte sets."""
    told = threading.Event()

    def watch() -> None:
        while os.read(descriptor, 4096):
            told.set()
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        # Not SIGTERM: without a parent, nothing would kill a server that does not end.
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, name="parent", daemon=True).start()
    return told


def _clean_environment() -> None:
    """Remove variables that would change the behaviour of the server or gunicorn."""
    for name in list(os.environ):
        if name.startswith(("FLASK_", "GUNICORN_")) or name in {"SCRIPT_NAME", "LISTEN_FDS"}:
            del os.environ[name]


def _raise_file_limit() -> None:
    # macOS starts with 256 descriptors, and gunicorn's worker dies when it runs out of them.
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_FILES if hard == resource.RLIM_INFINITY else min(MAX_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


# --- the application ------------------------------------------------------------------------


def _load_app(config: dict[str, Any], report: Report, may_listen: threading.Event) -> object:
    """Import the server, prepare its database, listen, and return the WSGI app."""
    _error_log.quiet(debug=config["debug"])
    flask = _tables.module("flask")
    # flask_sqlalchemy reads these on import and ignores later changes.
    defaults = {**flask.Flask.default_config, "SQLALCHEMY_ENGINE_OPTIONS": _engine_options(config)}
    flask.Flask.default_config = defaults
    server = _tables.import_server(config["database_url"], config["secret_key"])
    with _tables.transaction(config) as connection:
        report.send("prepared", capacity=_tables.prepare(server, connection, config))
        may_listen.wait()
        _listen(config["listeners"])
    report.unchanged = False
    if config["sqlite_path"] is not None:
        # The mode of the file, once no start can be refused any more.
        _tables.open_sqlite(config["sqlite_path"]).close()
    return _error_log.watch(server.app, debug=config["debug"])


def _listen(descriptors: Sequence[int]) -> None:
    """Listen on the sockets, to be refused before anything is changed."""
    try:
        for descriptor in descriptors:
            with socket.socket(fileno=os.dup(descriptor)) as listener:
                listener.listen(BACKLOG)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise _tables.Failure("port", str(error)) from error


def _engine_options(config: dict[str, Any]) -> dict[str, object]:
    # A statement's parameters may contain a token or a user's name: keep them out of the log.
    options: dict[str, object] = {"hide_parameters": True}
    path = config["sqlite_path"]
    if path is not None:
        return {**options, "creator": lambda: _tables.open_sqlite(path)}
    return {
        **options,
        # Each thread handles one request with one connection; only the setup uses more.
        "pool_size": config["threads"],
        "max_overflow": 2,
        # Replaces a connection that the database dropped, for example at its restart.
        "pool_pre_ping": True,
        "connect_args": config["connect_args"],
    }


# --- gunicorn -------------------------------------------------------------------------------


def _serve(config: dict[str, Any], report: Report, may_listen: threading.Event) -> NoReturn:
    """Run gunicorn until it is told to end."""
    gthread = _tables.module("gunicorn.workers.gthread")
    if hasattr(gthread, "DEFAULT_WORKER_DATA_TIMEOUT"):
        gthread.DEFAULT_WORKER_DATA_TIMEOUT = FIRST_BYTE_S
    arbiter = _arbiter(one_process=config["sqlite_path"] is not None)
    arbiter(_application(config, report, may_listen)).run()
    sys.exit(0)


def _application(config: dict[str, Any], report: Report, may_listen: threading.Event) -> object:
    base: Any = _tables.module("gunicorn.app.base").BaseApplication

    class Application(base):  # type: ignore[misc]  # gunicorn has no types
        def load_config(self) -> None:
            for name, value in _gunicorn_settings(config, report).items():
                if name in self.cfg.settings:  # which differ between releases of gunicorn
                    self.cfg.set(name, value)

        def load(self) -> object:
            return _load_app(config, report, may_listen)

    return Application()


def _arbiter(*, one_process: bool) -> Any:
    """Return gunicorn's Arbiter without the signals that would start a second server."""
    base: Any = _tables.module("gunicorn.arbiter").Arbiter

    class Arbiter(base):  # type: ignore[misc]  # gunicorn has no types
        def handle_usr2(self) -> None:
            # gunicorn would run this script again, without a configuration.
            self.log.warning("SIGUSR2 is ignored: stop the server and start it again")

    class OneProcessArbiter(Arbiter):
        def handle_hup(self) -> None:
            self.log.warning("SIGHUP is ignored: on SQLite, two processes at once break runs")

        def handle_ttin(self) -> None:
            self.log.warning("SIGTTIN is ignored: on SQLite, two processes at once break runs")

    return OneProcessArbiter if one_process else Arbiter


def _gunicorn_settings(config: dict[str, Any], report: Report) -> dict[str, object]:
    def worker_ready(worker: Any) -> None:
        if worker.age == 1:
            report.send("ready")

    return {
        "bind": [f"fd://{descriptor}" for descriptor in config["listeners"]],
        "worker_class": "gthread",
        "workers": config["processes"],
        "threads": config["threads"],
        "preload_app": True,
        "keepalive": KEEPALIVE_S,
        "graceful_timeout": GRACE_S,
        "timeout": WORKER_TIMEOUT_S,
        "control_socket_disable": True,
        "loglevel": "warning",
        "accesslog": "-" if config["access_log"] else None,
        "access_log_format": ACCESS_LOG,
        "post_worker_init": cast("Callable[[Any], None]", worker_ready),
        # gunicorn updates a file there every second, which a full or slow /tmp must not delay.
        "worker_tmp_dir": "/dev/shm" if os.access("/dev/shm", os.W_OK) else None,  # noqa: S108
        "proc_name": "taskfarm",
    }


if __name__ == "__main__":
    main()
