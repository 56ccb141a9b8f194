"""The server's log of failed requests: one line for each, without secrets and tracebacks.

`_bootstrap` loads this file by path, also into an interpreter without taskfarm_sdk, so it imports
only the standard library. It works in any WSGI server: `watch` wraps the application.
"""

from __future__ import annotations

import importlib
import ipaddress
import logging
import re
import time
import traceback
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

# More of a cause or path would not help, and a client chooses how long they are.
MOST_CAUSE = 300
MOST_PATH = 200
LOGGER = "taskfarm_sdk.server"
_CAUSE = "taskfarm_sdk.cause"
_SECRETS = (
    (re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*"), "***"),  # a token
    (re.compile(r"\b(basic|bearer)\s+[^\s'\"]+", re.IGNORECASE), r"\1 ***"),
    (re.compile(r"://[^/@\s]*@"), "://***@"),
)
# Causes of refusals, in place of werkzeug's sentences for people who use a browser.
_REFUSALS = {
    400: "the body is not JSON, lacks a value, or has one that the database refuses",
    401: "unknown user, wrong password, or a token of a user who was removed",
    404: "no such run, task, worker or page",
    405: "no such method",
    413: "the body is too large",
    415: "the body is not declared as JSON",
}
_NO_CREDENTIALS = 401

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]


def quiet(*, debug: bool) -> None:
    """Log only errors of libraries, to stderr, each as one line; with `debug`, with tracebacks."""
    handler = logging.StreamHandler()
    handler.setLevel(logging.ERROR)
    # The server logs each 404 to the root logger, and the pool each connection that was lost; the
    # line of the request tells both.
    handler.addFilter(lambda record: record.name != "root")
    if not debug:
        handler.addFilter(lambda record: not record.name.startswith("sqlalchemy.pool"))
        handler.setFormatter(OneLine(logging.Formatter()))
    logging.getLogger().addHandler(handler)
    for own in () if debug else logging.getLogger("gunicorn.error").handlers:
        own.setFormatter(OneLine(own.formatter or logging.Formatter()))
    # Not a filter, because authlib adds its own in front.
    warnings.showwarning = _ignore


def _ignore(*_: object, **__: object) -> None:
    """Ignore an exception that `_Watched` logs, or a deprecation in the server's own code."""


class OneLine(logging.Formatter):
    """A formatter that shortens another one's text to a line without secrets.

    Args:
        inner: the other formatter, which is not asked for a traceback.
    """

    def __init__(self, inner: logging.Formatter) -> None:
        super().__init__()
        self._inner = inner

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's message and the cause of its exception."""
        error = record.exc_info[1] if record.exc_info else None
        bare = logging.makeLogRecord(
            {**record.__dict__, "exc_info": None, "exc_text": None, "stack_info": None}
        )
        text = self._inner.format(bare)
        return printable(text if error is None else f"{text}: {describe(error)}")


def watch(app: Any, *, debug: bool) -> Application:
    """Return a Flask application as one that logs each failed request.

    A request without credentials that is refused for that is not logged: monitoring sends it.

    Args:
        app: the Flask application, which no longer logs exceptions itself.
        debug: whether a traceback follows the line.
    """
    log = logging.getLogger(LOGGER)
    log.propagate = False
    log.addHandler(logging.StreamHandler())
    request = importlib.import_module("flask").request

    def note(error: Any) -> Any:
        request.environ[_CAUSE] = getattr(error, "original_exception", None) or error
        return error

    # Flask passes unhandled exceptions here too, as an InternalServerError.
    app.register_error_handler(importlib.import_module("werkzeug.exceptions").HTTPException, note)
    app.log_exception = _ignore
    return _Watched(app, log, debug=debug)


class _Watched:
    """A WSGI application that logs the failures of another one."""

    def __init__(self, app: Application, log: logging.Logger, *, debug: bool) -> None:
        self._app = app
        self._log = log
        self._debug = debug

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Handle a request, and log it if it fails."""
        statuses: list[int] = []

        def start(status: str, *rest: Any) -> Any:
            statuses.append(int(status[:3]))
            return start_response(status, *rest)

        try:
            reply = self._app(environ, start)
        except Exception as error:  # noqa: BLE001 - a WSGI server would log its traceback
            # What Flask cannot answer: it failed to return the request's connection.
            self._write(environ, 500, error)
            return _failed(start_response, error)
        status = statuses[-1]
        if status >= 400 and (status != _NO_CREDENTIALS or "HTTP_AUTHORIZATION" in environ):
            self._write(environ, status, environ.get(_CAUSE))
        return reply

    def _write(self, environ: Environ, status: int, error: BaseException | None) -> None:
        self._log.error("%s", line(environ, status, error))
        if self._debug and error is not None and status >= 500:
            self._log.error("%s", "".join(traceback.format_exception(error)).rstrip())


def _failed(start_response: StartResponse, error: BaseException) -> list[bytes]:
    body = b"Internal Server Error"
    headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))]
    # With the exception, a WSGI server replaces a reply whose headers it has not sent yet.
    start_response("500 Internal Server Error", headers, (type(error), error, error.__traceback__))
    return [body]


def line(environ: Environ, status: int, error: BaseException | None) -> str:
    """Return the line for a failed request: address, time, method, path, status and cause."""
    path = str(environ.get("PATH_INFO", "")).encode("latin-1", "replace").decode(errors="replace")
    if len(path) > MOST_PATH:
        path = f"{path[:MOST_PATH]}…"
    now = time.strftime("%d/%b/%Y:%H:%M:%S %z")  # as in the access log
    request = f"{environ.get('REQUEST_METHOD', '')} {path}".replace('"', '\\"')
    return printable(f'{client(environ)} [{now}] "{request}" {status}: {_cause(status, error)}')


def client(environ: Environ) -> str:
    """Return the client's address; a proxy on this machine is believed about it."""
    peer = str(environ.get("REMOTE_ADDR", "") or "-")
    if not _is_loopback(peer):
        return peer
    # A client may send this header too: the last address is the one that the proxy added.
    forwarded = str(environ.get("HTTP_X_FORWARDED_FOR", "")).rpartition(",")[2].strip()
    for told in (forwarded, str(environ.get("HTTP_X_REAL_IP", "")).strip()):
        if _parsed(told) is not None:
            return told
    return peer


def _is_loopback(address: str) -> bool:
    parsed = _parsed(address)
    return parsed is not None and parsed.is_loopback


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    if "%" in address:  # of a scope, whose name may be any text
        return None
    try:
        return ipaddress.ip_address(address)
    except ValueError:
        return None


def _cause(status: int, error: BaseException | None) -> str:
    if status < 500 and status in _REFUSALS:
        return _REFUSALS[status]
    return "no cause is known" if error is None else describe(error)


def describe(error: BaseException) -> str:
    """Return the cause of an exception in part of a line."""
    library = type(error).__module__.partition(".")[0]
    if library == "authlib":
        return f"the token is damaged, or another key signed it ({type(error).__name__})"
    driver = getattr(error, "orig", None)
    if library in ("sqlalchemy", "psycopg", "sqlite3"):
        return f"database: {_first_line(driver or error)}"
    if library == "werkzeug":
        return _first_line(getattr(error, "description", None) or error)
    return f"{type(error).__name__}: {_first_line(error)}{_where(error)}"


def _where(error: BaseException) -> str:
    """Return the line of code that raised an exception which nobody expected."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return ""
    last = frames[-1]
    return f" ({Path(last.filename).name}:{last.lineno}; TASKFARM_DEBUG=1 logs the traceback)"


def _first_line(what: object) -> str:
    text = next(iter(str(what).strip().splitlines()), type(what).__name__)
    return text if len(text) <= MOST_CAUSE else f"{text[:MOST_CAUSE]}…"


def printable(text: str) -> str:
    """Return a text as one line: secrets are left out, control characters are escaped."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)
