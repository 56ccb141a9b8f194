"""Items stored in a file, chunk by chunk: whoever computes a chunk reads only that.

The file has, in this order: a magic number; the chunks, each a pickled list; a table with place,
length and checksum of each chunk; a header in JSON; and an end of fixed length with the places,
lengths and checksums of the table and the header. Grids and ranges have one part in place of the
chunks: their definition. It is written from its beginning to its end, so that half a file has no
end, and says so.
"""

from __future__ import annotations

import json
import os
import pickle
import struct
import threading
import zlib
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, BinaryIO, cast, overload

import attrs

from taskfarm_sdk._items.chunks import Chunks
from taskfarm_sdk._items.grids import Axis, Grid
from taskfarm_sdk._items.items import Items, source_of
from taskfarm_sdk._items.sources import Given, Source
from taskfarm_sdk._pickles import pack_value
from taskfarm_sdk.errors import ConfigurationError, TaskfarmError


def write_items(file: BinaryIO, items: Sequence[object], chunks: Chunks) -> None:
    """Write items so that `StoredItems` reads them; the caller syncs the file.

    Args:
        file: a new, empty file.
        items: the items, which are read once and in order.
        chunks: how they are cut.

    Raises:
        ConfigurationError: an item cannot be pickled, or there are not as many as `chunks` says.
    """
    raise NotImplementedError


class StoredItems(Sequence[object]):
    """The items in a file that `write_items` wrote.

    Unpickling runs code: the caller has checked whose file it is.

    Args:
        file: the file, which stays open as long as this is used.

    Raises:
        TaskfarmError: the file is damaged, not complete, or no file of items.

    Attributes:
        chunks: how the items are cut.
        columns: the keys that all items have; None if they are no dicts with the same keys.
        digest: the digest of the items; None if an item is not JSON-like.
    """

    chunks: Chunks
    columns: tuple[str, ...] | None
    digest: str | None

    def chunk(self, task: int) -> list[object]:
        """Return the items of a task, reading nothing else; threads may call it at a time.

        Raises:
            ConfigurationError: the run has no task with this number.
            TaskfarmError: the file is damaged or was changed, or an item cannot be unpickled here.
        """
        raise NotImplementedError
