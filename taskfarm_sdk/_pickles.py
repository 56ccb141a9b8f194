"""Pickle for another process: exceptions, whatever their classes do, and users' values."""

from __future__ import annotations

import io
import pickle
import sys
import types
from collections.abc import Callable
from operator import attrgetter
from types import NotImplementedType
from typing import cast

# A larger exception travels as its name, text and traceback only.
MOST_BYTES = 65_536
MAIN = "__main__"


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
    """Return a value pickled for any process; `pickle.loads` brings it back.

    What modules hold is pickled by its name. Classes and functions of the main module, and those
    that a function defined, are pickled whole, by cloudpickle: another process has another main
    module.

    Raises:
        Exception: the value cannot be pickled; its class decides with which error.
    """
    file = io.BytesIO()
    try:
        _NamePickler(file, protocol=pickle.HIGHEST_PROTOCOL).dump(value)
    except Exception:  # noqa: BLE001 - its error is no better than cloudpickle's
        import cloudpickle  # pyright: ignore[reportMissingTypeStubs]

        dumps = cast("Callable[..., bytes]", cloudpickle.dumps)  # pyright: ignore[reportUnknownMemberType]
        return dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    return file.getvalue()


class _NamePickler(pickle.Pickler):
    """A pickler that refuses to name what is in the main module."""

    def reducer_override(self, obj: object, /) -> NotImplementedType:
        if isinstance(obj, type | types.FunctionType) and obj.__module__ == MAIN:
            raise pickle.PicklingError("another process has another main module")
        return NotImplemented


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
