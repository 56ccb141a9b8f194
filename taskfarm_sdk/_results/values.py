"""Values of results as bytes, and what an attempt's failure leaves.

A class of the script (`__main__`) is kept whole with each value, because another program that reads
the results has no such class. A program that has one of that name gets its own.
"""

from __future__ import annotations

import importlib
import io
import pickle
import sys
from functools import cache, lru_cache
from operator import attrgetter
from typing import Any

from taskfarm_sdk import _pickles
from taskfarm_sdk._caught import Caught
from taskfarm_sdk._results.record import Codec

# Every supported Python reads it.
PROTOCOL = 5
MAIN = "__main__"
_MAIN = MAIN.encode()


def pack(value: object) -> tuple[Codec, bytes]:
    """Return a value as bytes.

    Raises:
        Exception: neither pickle nor cloudpickle can; whatever the value's class raises.
    """
    try:
        payload = pickle.dumps(value, PROTOCOL)
    except Exception:  # noqa: BLE001 - classes raise what they like; cloudpickle then tells why
        return Codec.CLOUDPICKLE, _by_cloudpickle(value)
    if _MAIN in payload:
        return Codec.CLOUDPICKLE, _by_cloudpickle(value)
    return Codec.PICKLE, payload


def unpack(payload: bytes) -> object:
    """Return the value of bytes that `pack` made.

    Raises:
        Exception: they cannot be unpickled here; whatever the value's class raises.
    """
    return pickle.loads(payload)  # noqa: S301 - only of files that this user alone can write


def pack_failure(caught: Caught) -> bytes:
    """Return what is kept of an exception as bytes."""
    packed = caught.packed
    if packed is None and caught.error is not None:
        packed = _pickles.pack(caught.error)
    return pickle.dumps((caught.type, caught.text, caught.traceback, packed), PROTOCOL)


def unpack_failure(payload: bytes) -> Caught:
    """Return what was kept of an exception."""
    kind, text, traceback, packed = pickle.loads(payload)  # noqa: S301 - as above
    return Caught(kind, text, traceback, packed)


def class_of_script(name: str, packed: bytes) -> type:
    """Return the script's class of this name; a copy of the writer's in a program without one.

    Pickles name this function: it must stay here.
    """
    try:
        found = attrgetter(name)(sys.modules[MAIN])
    except (AttributeError, KeyError):
        return _unpacked_class(packed)
    return found if isinstance(found, type) else _unpacked_class(packed)


@lru_cache(maxsize=256)
def _unpacked_class(packed: bytes) -> type:
    made: type = pickle.loads(packed)  # noqa: S301 - as above
    return made


def _by_cloudpickle(value: object) -> bytes:
    file = io.BytesIO()
    _pickler_class()(file, protocol=PROTOCOL).dump(value)
    return file.getvalue()


@cache
def _pickler_class() -> Any:
    base = _cloudpickle().Pickler

    def reducer_override(pickler: object, obj: object) -> object:
        if isinstance(obj, type) and obj.__module__ == MAIN:
            return class_of_script, (obj.__qualname__, _packed_class(obj))
        return base.reducer_override(pickler, obj)

    # Keeps classes of the script by name and by value.
    return type("Pickler", (base,), {"reducer_override": reducer_override})


@lru_cache(maxsize=256)
def _packed_class(kind: type) -> bytes:
    packed: bytes = _cloudpickle().dumps(kind, protocol=PROTOCOL)
    return packed


def _cloudpickle() -> Any:
    # Most programs' results need none, and it takes long to import.
    return importlib.import_module("cloudpickle")
