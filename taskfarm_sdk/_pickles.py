"""Send exceptions to another process, whatever their classes do when they are pickled."""

from __future__ import annotations

import io
import pickle
import sys
from operator import attrgetter

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
