"""Values of results as bytes, and what an attempt's failure leaves."""

from __future__ import annotations

import pickle
from typing import Any

from taskfarm_sdk import _pickles
from taskfarm_sdk._caught import Caught


def unpack(payload: bytes) -> Any:
    """Return the value of bytes that `_pickles.pack_value` made.

    Raises:
        Exception: they cannot be unpickled here; whatever the value's class raises.
    """
    return pickle.loads(payload)  # noqa: S301 - only of files that this user alone can write


def pack_failure(caught: Caught) -> bytes:
    """Return what is kept of an exception as bytes."""
    packed = caught.packed
    if packed is None and caught.error is not None:
        packed = _pickles.pack(caught.error)
    return pickle.dumps((caught.type, caught.text, caught.traceback, packed), _pickles.PROTOCOL)


def unpack_failure(payload: bytes) -> Caught:
    """Return what was kept of an exception."""
    kind, text, traceback, packed = pickle.loads(payload)  # noqa: S301 - as above
    return Caught(kind, text, traceback, packed)
