"""Log records of children: sent to the parent, and handled there like its own.

A child gets the levels of the parent's loggers, and sends only records that these let through. Its
handler is on the loggers that have handlers in the parent, so that a library or a function that
sets up logging has the same effect in a child as in the parent.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import traceback
import weakref
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import cast

import attrs

# Of a text, and of each further value that a record was given.
TEXT_MOST = 32768
VALUE_MOST = 1024
VALUES_MOST = 50

# What every record has; `message` and `asctime` are a formatter's.
_USUAL = frozenset({*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"})
# Of these, what travels as it is; `relativeCreated` counts from the start of a process.
_KEPT = _USUAL - {
    *("msg", "args", "exc_info", "exc_text", "stack_info"),
    *("message", "asctime", "relativeCreated"),
}


@attrs.frozen
class LogSetup:
    """How a process has set up logging.

    Attributes:
        levels: the loggers that have a level of their own; "" is the root logger.
        handled: the loggers that have handlers.
        disabled: the level up to which all logging is disabled.
    """

    levels: Mapping[str, int]
    handled: list[str]
    disabled: int

    @classmethod
    def here(cls) -> LogSetup:
        """Return how logging is set up in this process."""
        loggers = _loggers()
        return cls(
            {name: logger.level for name, logger in loggers.items() if logger.level},
            [name for name, logger in loggers.items() if _has_handlers(logger)],
            logging.root.manager.disable,
        )

    def copy(self, send: Callable[[Record], None]) -> None:
        """Set up logging in this process in the same way, with records that are sent."""
        for name, level in self.levels.items():
            logging.getLogger(name).setLevel(level)
        logging.disable(self.disabled)
        handler = _Sender(send)
        for name in self.handled:
            logging.getLogger(name).addHandler(handler)
        # For records that meet no handler.
        logging.lastResort = handler


def _loggers() -> Mapping[str, logging.Logger]:
    named = dict(logging.root.manager.loggerDict)
    found = {name: one for name, one in named.items() if isinstance(one, logging.Logger)}
    return {"": logging.root, **found}


def _has_handlers(logger: logging.Logger) -> bool:
    return any(not isinstance(one, logging.NullHandler) for one in logger.handlers)


@attrs.frozen
class Record:
    """A log record, in values that JSON has.

    Attributes:
        record: the record's attributes.
    """

    record: Mapping[str, object]

    @classmethod
    def of(cls, record: logging.LogRecord) -> Record:
        """Return a record with its text and its exception formatted."""
        values: dict[str, object] = {
            name: _plain(value)
            for name in _KEPT
            if (value := getattr(record, name, None)) is not None
        }
        values["msg"] = _shortened(_text(record), TEXT_MOST)
        if record.exc_info or record.exc_text:
            values["exc_text"] = _shortened(_exception(record), TEXT_MOST)
        if record.stack_info:
            values["stack_info"] = _shortened(record.stack_info, TEXT_MOST)
        further = [name for name in vars(record) if name not in _USUAL]
        for name in further[:VALUES_MOST]:
            values[_shortened(name, VALUE_MOST)] = _plain(vars(record)[name])
        return cls(values)

    def handle(self) -> None:
        """Have this process's logging handle it, if its levels let it through."""
        try:
            record = logging.makeLogRecord(dict(self.record))
            logger = logging.getLogger(None if record.name == "root" else record.name)
            if record.levelname == f"Level {record.levelno}":
                record.levelname = logging.getLevelName(record.levelno)
            if logger.isEnabledFor(record.levelno):
                logger.handle(record)
        except Exception:  # noqa: BLE001 - of the program's filters, or of a child gone mad
            traceback.print_exc()


class _Sender(logging.Handler):
    """A handler that sends each record once, or to stderr if it cannot be sent."""

    def __init__(self, send: Callable[[Record], None]) -> None:
        super().__init__()
        self._send = send
        self._pid = os.getpid()
        self._otherwise = logging.lastResort
        self._last = threading.local()

    def emit(self, record: logging.LogRecord) -> None:
        """Send a record."""
        if self._has_sent(record):
            return
        # A forked copy of this process has no channel.
        if os.getpid() == self._pid:
            with suppress(OSError):
                self._send(Record.of(record))
                return
        if self._otherwise is not None and record.levelno >= self._otherwise.level:
            self._otherwise.handle(record)

    def _has_sent(self, record: logging.LogRecord) -> bool:
        """Note a record; return whether another logger has just passed it on."""
        last = getattr(self._last, "record", None)
        if last is not None and last() is record:
            return True
        # Weak: its exception holds the frames of the function.
        self._last.record = weakref.ref(record)
        return False


def _text(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception as error:  # noqa: BLE001 - of whatever the arguments are
        return f"{record.msg!r} with arguments that cannot be shown ({type(error).__name__})"


def _exception(record: logging.LogRecord) -> str:
    if record.exc_text:
        return record.exc_text
    try:
        return logging.Formatter().formatException(cast("_ExcInfo", record.exc_info))
    except Exception as error:  # noqa: BLE001 - its own __str__ may raise
        return f"an exception that cannot be shown ({type(error).__name__})"


_ExcInfo = tuple[type[BaseException], BaseException, None] | tuple[None, None, None]


def _plain(value: object) -> object:
    """Return a value that JSON can hold: the same, or its text."""
    if value is None or isinstance(value, bool | float):
        return value
    with suppress(Exception):
        if type(value) is str:
            return _shortened(value, VALUE_MOST)
        text = json.dumps(value)
        return value if len(text) <= VALUE_MOST else _shortened(text, VALUE_MOST)
    try:
        return _shortened(str(value), VALUE_MOST)
    except Exception as error:  # noqa: BLE001 - its own __str__ raised
        return f"a {type(value).__name__} that cannot be shown ({type(error).__name__})"


def _shortened(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    return f"{text[:most]}… ({len(text) - most} more characters)"
