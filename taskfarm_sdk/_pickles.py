"""Pickle for another process: exceptions, whatever their classes do, and users' values."""

from __future__ import annotations

import importlib
import io
import pickle
import sys
from functools import cache, lru_cache
from operator import attrgetter
from typing import Any

# A larger exception travels as its name, text and traceback only.
MOST_BYTES = 65_536
MAIN = "__main__"
_MAIN_IN_PICKLES = MAIN.encode()
# Every supported Python reads it.
PROTOCOL = 5
MOST_CLASSES = 256  # that are remembered pickled


def pack(error: BaseException) -> bytes | None:
    """Return an exception pickled for another process; None if it cannot be. Never raises."""
    file = io.BytesIO()
    try:
        _Pickler(file).dump(error)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # noqa: BLE001 - exceptions' classes can do as they like
        return None
    packed = file.getvalue()
    return packed if len(packed) <= MOST_BYTES else None


def unpack(packed: bytes) -> BaseException | None:
    """Return an exception of another process of this work; None if it cannot be unpickled."""
    try:
        error: object = _Unpickler(io.BytesIO(packed)).load()
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # noqa: BLE001 - as above
        return None
    return error if isinstance(error, BaseException) else None


def pack_value(value: object) -> bytes:
    """Return a user's value pickled for any process; `pickle.loads` brings it back.

    What modules hold is pickled by its name. Functions of the main module, and what functions
    define, are pickled whole. So are classes of the main module, but a process whose own main
    module has a class of that name takes that: it is the same script's.

    Raises:
        Exception: the value cannot be pickled; its class decides with which error.
    """
    try:
        packed = pickle.dumps(value, PROTOCOL)
    except Exception:  # noqa: BLE001 - its error is no better than cloudpickle's
        return _packed_whole(value)
    # A text may contain the name too: then this only takes longer. Not `in`, which takes three
    # times as long: it asks first whether a number is meant.
    return packed if packed.find(_MAIN_IN_PICKLES) < 0 else _packed_whole(value)


def class_of_script(name: str, packed: bytes) -> type:
    """Return a class of the main module, or a copy of the one that was pickled.

    Pickles name this function, so it must stay here.

    Args:
        name: the class's qualified name.
        packed: the class, pickled whole.
    """
    try:
        found = attrgetter(name)(sys.modules[MAIN])
    except (AttributeError, KeyError):
        return _unpacked_class(packed)
    return found if isinstance(found, type) else _unpacked_class(packed)


@lru_cache(maxsize=MOST_CLASSES)
def _unpacked_class(packed: bytes) -> type:
    # The same each time, so that two values of a class have the same.
    made: type = pickle.loads(packed)  # noqa: S301 - as its caller, who reads the value
    return made


def _packed_whole(value: object) -> bytes:
    file = io.BytesIO()
    _whole_pickler()(file, protocol=PROTOCOL).dump(value)
    return file.getvalue()


@cache
def _whole_pickler() -> Any:
    base = _cloudpickle().Pickler

    def reducer_override(pickler: object, obj: object) -> object:
        if isinstance(obj, type) and obj.__module__ == MAIN:
            return class_of_script, (obj.__qualname__, _packed_class(obj))
        return base.reducer_override(pickler, obj)

    return type("WholePickler", (base,), {"reducer_override": reducer_override})


@lru_cache(maxsize=MOST_CLASSES)
def _packed_class(kind: type) -> bytes:
    packed: bytes = _cloudpickle().dumps(kind, protocol=PROTOCOL)
    return packed


def _cloudpickle() -> Any:
    # Most values need none, and the import takes long.
    return importlib.import_module("cloudpickle")


class _Pickler(pickle.Pickler):
    """Names the classes of the script, for the caller has them, and other processes copies."""

    def persistent_id(self, obj: object) -> tuple[str, str] | None:
        if not isinstance(obj, type) or obj.__module__ != MAIN:
            return None
        return MAIN, obj.__qualname__


class _Unpickler(pickle.Unpickler):
    def persistent_load(self, pid: tuple[str, str]) -> object:
        module, name = pid
        return attrgetter(name)(sys.modules[module])
