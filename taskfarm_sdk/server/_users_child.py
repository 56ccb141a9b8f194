"""One change of a server's users or key, in a process of its own that has the server's packages.

It reads one JSON document from stdin, so that no password is on a command line, and writes one line
of JSON to stdout: `{"event": "done", …}` or `{"event": "failed", "kind": …, "detail": …}`.
"""

from __future__ import annotations

import sys

# A script's own folder comes first in sys.path, and its files would be imported as modules.
if __name__ == "__main__" and sys.path and sys.path[0].endswith("server"):
    del sys.path[0]

import importlib.util
import json
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or __name__ != "__main__":
    from taskfarm_sdk.server import _tables
else:
    _spec = importlib.util.spec_from_file_location(
        "_tables", Path(__file__).with_name("_tables.py")
    )
    _tables = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(_tables)


def main() -> None:
    """Do what the document on stdin says, and report how that ended."""
    report = os.dup(1)  # libraries may write to stdout
    os.dup2(2, 1)
    os.umask(0o077)
    warnings.simplefilter("ignore")
    warnings.showwarning = _show_no_warning  # authlib puts a filter of its own in front
    request = _tables.with_hidden_secrets(json.loads(sys.stdin.buffer.read()))
    try:
        answer = {"event": "done", **_do(request)}
    except _tables.Failure as failure:
        answer = {"event": "failed", "kind": failure.kind, "detail": failure.detail}
    except Exception as error:  # noqa: BLE001 - every failure is reported to the parent
        text = f"{type(error).__name__}: {_tables.first_line(error)}"
        answer = {"event": "failed", "kind": "internal", "detail": text}
    os.write(report, json.dumps(answer).encode() + b"\n")


def _show_no_warning(*_: object, **__: object) -> None:
    """Ignore deprecations in the server's code, which cannot be changed here."""


def _do(request: dict[str, Any]) -> dict[str, object]:
    # The key of the import signs nothing here.
    server = _tables.import_server(_tables.Hidden(None), _tables.Hidden("unused"))
    with _tables.transaction(request) as connection:
        if not _tables.has_users(connection):
            raise _tables.Failure("no-users-table", "")
        names = _tables.user_names(server, connection)
        return {"names": names, **_ACTIONS[request["action"]](server, connection, request)}


def _list(server: Any, connection: Any, request: dict[str, Any]) -> dict[str, object]:  # noqa: ARG001
    return {}


def _add(server: Any, connection: Any, request: dict[str, Any]) -> dict[str, object]:
    if _tables.user_ids(server, connection, request["name"]):
        raise _tables.Failure("user-exists", request["name"])
    _tables.add_user(server, connection, request["name"], request["password"])
    return {}


def _set_password(server: Any, connection: Any, request: dict[str, Any]) -> dict[str, object]:
    _check_there(server, connection, request["name"])
    _tables.change_password(server, connection, request["name"], request["password"])
    return {}


def _remove(server: Any, connection: Any, request: dict[str, Any]) -> dict[str, object]:
    _check_there(server, connection, request["name"])
    return {"ids": _tables.remove_user(server, connection, request["name"])}


def _rotate_key(server: Any, connection: Any, request: dict[str, Any]) -> dict[str, object]:  # noqa: ARG001
    """Record the new key, or the folder's if that is not the recorded one already."""
    current = request["current_key"]
    is_new = current.reveal() is None or _tables.has_key(connection, current)
    _tables.record_key(connection, request["new_key"] if is_new else current)
    return {"is_new": is_new}


def _check_there(server: Any, connection: Any, name: str) -> None:
    if not _tables.user_ids(server, connection, name):
        # A list in the detail, because the parent must escape each name by itself.
        names = json.dumps(_tables.user_names(server, connection))
        raise _tables.Failure("user-unknown", names)


_ACTIONS = {
    "list": _list,
    "add": _add,
    "set-password": _set_password,
    "remove": _remove,
    "rotate-key": _rotate_key,
}

if __name__ == "__main__":
    main()
