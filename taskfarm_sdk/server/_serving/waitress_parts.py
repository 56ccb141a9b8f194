"""Parts of waitress that `connections` and `loop` build on, with their types in the .pyi.

Many of them are not its API, so `with_waitress` accepts exactly one release, with which
tests/sdk/server/test_waitress.py compares them.
"""

from __future__ import annotations

from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import BaseWSGIServer, TcpWSGIServer, UnixWSGIServer
from waitress.task import ErrorTask, Task, WSGITask
from waitress.wasyncore import close_all, poll2

__all__ = [
    "Adjustments",
    "BaseWSGIServer",
    "ErrorTask",
    "HTTPChannel",
    "HTTPRequestParser",
    "ParsingError",
    "Task",
    "TcpWSGIServer",
    "UnixWSGIServer",
    "WSGITask",
    "close_all",
    "poll2",
]
