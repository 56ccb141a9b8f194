"""Serve with gunicorn's processes and threads, for PostgreSQL."""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any, cast

from .access_log import GUNICORN_FORMAT
from .limits import GRACE_S, KEEPALIVE_S

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

# gthread's main loop reports once a second; only a hung process is this late.
WORKER_TIMEOUT_S = 120
# gunicorn waits 5 s in a worker thread for the first byte of a new connection, and a silent
# connection would block a thread that long.
FIRST_BYTE_S = 0.2


def serve(
    config: dict[str, Any],
    load_app: Callable[[], object],
    may_listen: threading.Event,
    tell_ready: Callable[[], None],
) -> None:
    """Run gunicorn until it is told to end.

    Args:
        config: the configuration from the parent.
        load_app: prepares the database, and returns the WSGI application.
        may_listen: set when clients may connect.
        tell_ready: called when requests are served.

    Raises:
        ImportError: gunicorn is missing.
        OSError: a socket cannot listen, such as `EADDRINUSE`.
    """
    gthread: Any = importlib.import_module("gunicorn.workers.gthread")
    if hasattr(gthread, "DEFAULT_WORKER_DATA_TIMEOUT"):
        gthread.DEFAULT_WORKER_DATA_TIMEOUT = FIRST_BYTE_S
    _arbiter()(_application(config, load_app, may_listen, tell_ready)).run()


def _application(
    config: dict[str, Any],
    load_app: Callable[[], object],
    may_listen: threading.Event,
    tell_ready: Callable[[], None],
) -> object:
    base: Any = importlib.import_module("gunicorn.app.base").BaseApplication

    class Application(base):  # type: ignore[misc]  # gunicorn has no types
        def load_config(self) -> None:
            for name, value in _settings(config, tell_ready).items():
                if name in self.cfg.settings:  # which differ between releases of gunicorn
                    self.cfg.set(name, value)

        def load(self) -> object:
            app = load_app()
            may_listen.wait()  # gunicorn listens next
            return app

    return Application()


def _arbiter() -> Any:
    """Return gunicorn's Arbiter without the signal that would start a second server."""
    base: Any = importlib.import_module("gunicorn.arbiter").Arbiter

    class Arbiter(base):  # type: ignore[misc]  # gunicorn has no types
        def handle_usr2(self) -> None:
            # gunicorn would run this script again, without a configuration.
            self.log.warning("SIGUSR2 is ignored: stop the server and start it again")

    return Arbiter


def _settings(config: dict[str, Any], tell_ready: Callable[[], None]) -> dict[str, object]:
    def worker_ready(worker: Any) -> None:
        if worker.age == 1:
            tell_ready()

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
        "access_log_format": GUNICORN_FORMAT,
        "post_worker_init": cast("Callable[[Any], None]", worker_ready),
        # gunicorn updates a file there every second, which a full or slow /tmp must not delay.
        "worker_tmp_dir": "/dev/shm" if os.access("/dev/shm", os.W_OK) else None,  # noqa: S108
        "proc_name": "taskfarm",
    }
