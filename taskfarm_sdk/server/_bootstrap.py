"""The server's own process: run by path, with any interpreter that has the extra's packages.

`LocalServer(python=…)` runs it without taskfarm_sdk, so it imports only the standard library and
the modules of the folder `_serving`, which import the packages of the extra `server`. It uses two
pipes to its parent:

- stdin carries one line of JSON, the configuration, and later one byte: the prepared server may
  listen. So no secret is on the command line or in the initial environment. The pipe stays open;
  its end means that the parent has ended.
- stdout carries lines of JSON: `{"event": "prepared", …}` when the database is ready, then
  `{"event": "ready"}`; or `{"event": "failed", "kind": …, …}`. Every process of the server keeps it
  open, so its end means that all of them have ended.
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

import json
import os
import shutil
import signal
import threading
import traceback
from typing import TYPE_CHECKING, Any, cast

from ._serving.environment import clean_environment, raise_file_limit
from ._serving.reports import Failure, Report, first_line, import_extra
from ._serving.supervisor import keep_one_serving

if TYPE_CHECKING:
    from typing import NoReturn


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
    except Failure as failure:
        report.send("failed", kind=failure.kind, detail=failure.detail)
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - every failure is reported to the parent
        traceback.print_exc()
        report.send("failed", kind="internal", detail=first_line(error))
        sys.exit(1)


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
    return cast("dict[str, Any]", json.loads(received))


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


def _serve(config: dict[str, Any], parent: int, report: Report) -> NoReturn:
    """Serve until told to end, with the kind of server that fits the database."""
    remove = config["remove"]
    if config["sqlite_path"] is not None:
        parent = keep_one_serving(parent, report, config["listeners"], remove)
        kind, remove = "with_waitress", None
    else:
        kind = "with_gunicorn"
    may_listen = _end_with_parent(parent, remove)
    import_extra(f"{__package__}._serving.{kind}").serve(config, report, may_listen)
    sys.exit(0)


if __name__ == "__main__":
    main()
