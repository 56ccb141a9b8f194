"""Serve with one process and one thread, for SQLite."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import os
import signal
import socket
from typing import TYPE_CHECKING, Any

from .environment import file_limit
from .limits import GRACE_S, Limits

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

WAITRESS = "3.0.2"
# For the database, the log, the pipes, and modules that are being imported.
OTHER_FILES = 128


def serve(
    config: dict[str, Any],
    load_app: Callable[[], object],
    may_listen: threading.Event,
    tell_ready: Callable[[], None],
) -> None:
    """Serve until SIGTERM.

    Args:
        config: the configuration from the parent.
        load_app: prepares the database, and returns the WSGI application.
        may_listen: set when clients may connect.
        tell_ready: called when requests are served.

    Raises:
        ImportError: waitress is missing, or is another release.
        OSError: a socket cannot listen, such as `EADDRINUSE`.
    """
    _require_release()
    from .loop import Loop

    app = load_app()
    listeners = [socket.socket(fileno=descriptor) for descriptor in config["listeners"]]
    may_listen.wait()
    loop = Loop(app, listeners, _limits(), log=_log_line if config["access_log"] else None)

    def stop(*_: object) -> None:
        loop.stop()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, stop)
    tell_ready()
    loop.run()
    loop.drain(GRACE_S)


def _require_release() -> None:
    """Refuse a waitress whose inner parts may differ from those that are used."""
    try:
        installed = importlib.metadata.version("waitress")
    except importlib.metadata.PackageNotFoundError:
        raise ImportError("No module named 'waitress'") from None
    if installed != WAITRESS:
        raise ImportError(f"waitress {WAITRESS} is needed, but {installed} is installed")


def _limits() -> Limits:
    """Return the limits, with no more connections than this process may have open files."""
    limits = Limits()
    most = max(1, file_limit() - OTHER_FILES)
    return dataclasses.replace(limits, connections=min(limits.connections, most))


def _log_line(text: str) -> None:
    os.write(1, f"{text}\n".encode())
