"""Serve with one process and one thread, for SQLite."""

from __future__ import annotations

import dataclasses
import errno
import importlib.metadata
import os
import signal
import socket
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from .application import load_app
from .environment import file_limit
from .limits import GRACE_S, Limits
from .reports import Failure, Report, import_extra

if TYPE_CHECKING:
    import threading

WAITRESS = "3.0.2"
# For the database, the log, the pipes, and modules that are being imported.
OTHER_FILES = 128


def serve(config: dict[str, Any], report: Report, may_listen: threading.Event) -> NoReturn:
    """Serve until SIGTERM.

    Args:
        config: the configuration from the parent.
        report: the pipe to it.
        may_listen: set when clients may connect.

    Raises:
        Failure: the server cannot start.
    """
    _require_release()
    loops = import_extra(f"{__package__}.loop")
    app = load_app(config, report)
    listeners = [socket.socket(fileno=descriptor) for descriptor in config["listeners"]]
    may_listen.wait()
    try:
        loop = loops.Loop(
            app, listeners, _limits(), log=_log_line if config["access_log"] else None
        )
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise Failure("port", str(error)) from error

    def stop(*_: object) -> None:
        loop.stop()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, stop)
    report.send("ready")
    loop.run()
    loop.drain(GRACE_S)
    sys.exit(0)


def _require_release() -> None:
    """Refuse a waitress whose inner parts may differ from those that are used."""
    try:
        installed = importlib.metadata.version("waitress")
    except importlib.metadata.PackageNotFoundError:
        raise Failure("missing", "No module named 'waitress'") from None
    if installed != WAITRESS:
        raise Failure("missing", f"waitress {WAITRESS} is needed, but {installed} is installed")


def _limits() -> Limits:
    """Return the limits, with no more connections than this process may have open files."""
    limits = Limits()
    most = max(1, file_limit() - OTHER_FILES)
    return dataclasses.replace(limits, connections=min(limits.connections, most))


def _log_line(text: str) -> None:
    os.write(1, f"{text}\n".encode())
