"""The server's own process: run by path, with any interpreter that has the extra's packages.

`LocalServer(python=…)` runs it without taskfarm_sdk, so it imports only the standard library and,
relative to itself, `_tables`, `_error_log` and the folder `_serving`, which import the packages of
the extra `server`. It uses two pipes to its parent:

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

if __name__ == "__main__":
    import types

    folder = types.ModuleType("taskfarm_server")
    # A script's own folder comes first in sys.path, and its files would be imported as modules.
    folder.__path__ = [sys.path.pop(0)]
    sys.modules[folder.__name__] = folder
    __package__ = folder.__name__  # so that the relative imports below need no taskfarm_sdk

import contextlib
import errno
import json
import os
import shutil
import signal
import socket
import threading
import traceback
from typing import TYPE_CHECKING, Any, NoReturn

from . import _error_log, _tables
from ._serving.environment import clean_environment, raise_file_limit
from ._serving.supervisor import keep_one_serving

if TYPE_CHECKING:
    from collections.abc import Sequence

BACKLOG = 2048


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
        clean_environment()
        raise_file_limit()
        _serve(config, parent, report)
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


# --- serving --------------------------------------------------------------------------------


def _serve(config: dict[str, Any], parent: int, report: Report) -> NoReturn:
    """Serve until told to end, with the kind of server that fits the database."""
    remove = config["remove"]
    if config["sqlite_path"] is not None:
        parent, replaces = keep_one_serving(parent, config["listeners"], remove)
        kind, remove = "with_waitress", None
        if replaces:
            report = Report(os.open(os.devnull, os.O_WRONLY))  # the parent knows all already
    else:
        kind = "with_gunicorn"
    may_listen = _end_with_parent(parent, remove)
    try:
        _tables.module(f"{__package__}._serving.{kind}").serve(
            config,
            lambda: _load_app(config, report, may_listen),
            may_listen,
            lambda: report.send("ready"),
        )
    except ImportError as error:
        raise _tables.Failure("missing", str(error)) from error
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise _tables.Failure("port", str(error)) from error
    sys.exit(0)


if __name__ == "__main__":
    main()
