"""The lines of the server's log of failed requests, without a server."""

from __future__ import annotations

import ast
import io
import logging
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from taskfarm_sdk.server import _error_log
from taskfarm_sdk.server._error_log import OneLine, client, describe, line, printable, watch
from tests.support.server_log import sign_token

TOKEN = sign_token({"id": 1}, "key")


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """What is logged of requests."""
    log = logging.getLogger(_error_log.LOGGER)
    before = (log.propagate, list(log.handlers))
    text = io.StringIO()
    yield text
    log.propagate, log.handlers[:] = before


def _watched(
    logged: io.StringIO, failing: dict[str, Exception] | None = None, *, debug: bool = False
) -> Any:
    failures = failing or {}
    app = Flask("app")

    @app.route("/view")
    def view() -> str:
        if "view" in failures:
            raise failures["view"]
        return "fine"

    @app.teardown_appcontext
    def teardown(_: object) -> None:
        if "teardown" in failures:
            raise failures["teardown"]

    watched = watch(app, debug=debug)
    for handler in logging.getLogger(_error_log.LOGGER).handlers:
        assert isinstance(handler, logging.StreamHandler)
        handler.setStream(logged)
    return watched


def _ask(app: Any, path: str = "/view") -> tuple[str, bytes]:
    statuses: list[str] = []

    def start(status: str, _: object, __: object = None) -> None:
        statuses.append(status)

    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "REMOTE_ADDR": "10.0.0.1",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
    }
    body = b"".join(app(environ, start))
    return statuses[-1], body


@pytest.mark.parametrize("failing", ["view", "teardown"])
def test_an_exception_costs_one_line_wherever_it_is_raised(
    logged: io.StringIO, failing: str
) -> None:
    status, _ = _ask(_watched(logged, {failing: ZeroDivisionError("a\nb")}))
    assert status.startswith("500")
    (written,) = logged.getvalue().splitlines()
    assert written.startswith("10.0.0.1 [")
    assert '"GET /view" 500: ZeroDivisionError: a (' in written
    assert "test_error_log.py:" in written


def test_debugging_adds_the_traceback(logged: io.StringIO) -> None:
    _ask(_watched(logged, {"view": ZeroDivisionError("a")}, debug=True))
    assert logged.getvalue().splitlines()[1] == "Traceback (most recent call last):"


def test_a_request_that_succeeds_is_not_logged(logged: io.StringIO) -> None:
    assert _ask(_watched(logged)) == ("200 OK", b"fine")
    assert logged.getvalue() == ""


def test_stands_alone() -> None:
    tree = ast.parse(Path(_error_log.__file__).read_text(encoding="utf-8"))
    sources = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imports = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert {str(name).split(".")[0] for name in sources | imports} <= sys.stdlib_module_names


@pytest.mark.parametrize("peer", ["10.0.0.1", "2001:db8::2", ""])
def test_a_header_from_another_machine_is_not_believed(peer: str) -> None:
    environ = {"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": "1.2.3.4", "HTTP_X_REAL_IP": "1.2.3.4"}
    assert client(environ) == (peer or "-")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"a {TOKEN} b", "a *** b"),
        ("Authorization: Basic c2VjcmV0", "Authorization: Basic ***"),
        ("bearer abc", "bearer ***"),
        ("postgresql://me:secret@host/farm", "postgresql://***@host/farm"),
        ("a\r\nb\x1b[0m\u2028é", r"a\r\nb\x1b[0m\u2028é"),
    ],
)
def test_no_secret_and_no_control_character_is_printed(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_a_long_path_and_a_long_cause_are_cut() -> None:
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/" + "x" * 9000}
    assert len(line(environ, 500, OSError("y" * 9000))) < 700


def test_an_error_of_the_database_is_its_drivers_first_line() -> None:
    class OperationalError(Exception):
        __module__ = "sqlalchemy.exc"
        orig = OSError("server is down\nDETAIL: more")

    assert describe(OperationalError("[SQL: SELECT]")) == "database: server is down"


def test_a_locked_sqlite_is_told() -> None:
    assert describe(sqlite3.OperationalError("database is locked")) == (
        "database: database is locked"
    )


def test_a_librarys_traceback_becomes_one_line() -> None:
    formatter = OneLine(logging.Formatter("%(name)s %(message)s"))
    with pytest.raises(ValueError, match="and more") as raised:
        int(f"no {TOKEN}\nand more")
    error = (raised.type, raised.value, raised.tb)
    made = logging.LogRecord("pool", 40, "f", 1, "lost\nit", None, error, sinfo="deep")
    text = formatter.format(made)
    assert text.startswith(r"pool lost\nit: ValueError: ")
    assert TOKEN not in text
    assert "\n" not in text
    assert made.exc_info is not None  # for other handlers of the record
