"""The work of a results folder: made by the first process that uses it, joined by all others."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from typing import Literal, cast

import attrs

from taskfarm_sdk._flows import runs
from taskfarm_sdk._items.chunks import Chunks
from taskfarm_sdk._items.items import Items
from taskfarm_sdk._items.stored import write_items
from taskfarm_sdk._results import claim as claims
from taskfarm_sdk._results.folder import Folder
from taskfarm_sdk._results.names import ITEMS
from taskfarm_sdk._results.order import Order, function_of, publish_function
from taskfarm_sdk._session.link import Link
from taskfarm_sdk.errors import ConfigurationError, TaskfarmError
from taskfarm_sdk.execution.function import packed, unpacked
from taskfarm_sdk.execution.mapping.item_function import ItemFunction

AUTO = "auto"


@attrs.frozen
class Wanted:
    """What a caller wants computed, and where the results go.

    Attributes:
        folder: the results folder.
        computes: the function.
        items: the items.
        chunk: how many items make a task; "auto" to try that.
    """

    folder: str | os.PathLike[str]
    computes: ItemFunction
    items: Items[object]
    chunk: int | Literal["auto"] = attrs.field()

    @chunk.validator
    def _check_chunk(self, _: object, chunk: object) -> None:
        if chunk != AUTO and type(chunk) is not int:
            raise ConfigurationError(f'chunk must be a number of items or "auto", not {chunk!r}')
        self.chunks()

    def chunks(self) -> Chunks | None:
        """Return the chunks; None if the number of items in one is to be tried.

        Raises:
            ConfigurationError: the items cannot be cut so.
        """
        return None if isinstance(self.chunk, str) else Chunks.cut(len(self.items), self.chunk)


def prepared(link: Link, wanted: Wanted, try_size: Callable[[Folder], int]) -> tuple[Folder, Order]:
    """Return the folder of a work and its order, made by this process or before.

    Of several processes that begin at once one makes the run, and the others wait for it.

    Args:
        link: the connections.
        wanted: what the caller wants.
        try_size: returns the number of items in a chunk, by a trial.

    Raises:
        ConfigurationError: the folder is of other work, or may not be trusted.
        TaskfarmError: the folder cannot be written, or the run cannot be created.
    """
    folder = Folder.create(wanted.folder)
    try:
        order = Order.load(folder) or _made_or_awaited(link, folder, wanted, try_size)
    except BaseException:
        folder.close()
        raise
    return folder, order


def _made_or_awaited(
    link: Link, folder: Folder, wanted: Wanted, try_size: Callable[[Folder], int]
) -> Order:
    while True:
        claim = claims.take(folder, link.session.url)
        if claim is None:
            order = claims.wait_for_order(folder)
        else:
            try:
                order = Order.load(folder) or _make(link, folder, wanted, try_size, claim)
            finally:
                claims.give_up(folder)
        if order is not None:
            return order


def _make(
    link: Link,
    folder: Folder,
    wanted: Wanted,
    try_size: Callable[[Folder], int],
    claim: claims.Claim,
) -> Order:
    function = packed(wanted.computes).content
    chunks = wanted.chunks() or Chunks.cut(len(wanted.items), try_size(folder))
    # A process that died here before may have left its own.
    folder.remove(ITEMS)
    folder.publish(ITEMS, lambda file: write_items(file, wanted.items, chunks))
    publish_function(folder, function)
    row = link.drive(runs.create(link.session, chunks.tasks))
    try:
        claims.note_run(folder, claim, row.uuid)
        order = Order(
            server_url=link.session.url,
            run_uuid=row.uuid,
            num_items=chunks.items,
            num_tasks=chunks.tasks,
            chunk=chunks.size,
            function=wanted.computes.name,
            items_digest=wanted.items.digest(),
        )
        order.publish(folder)
    except BaseException:
        with suppress(TaskfarmError):
            link.drive(runs.delete(link.session, row.uuid))
        raise
    return order


def refuse_other_work(folder: Folder, order: Order, wanted: Wanted) -> None:
    """Refuse to go on with other items or another function than the folder's.

    Raises:
        ConfigurationError: something differs; the message names all that does.
    """
    chunks = wanted.chunks()
    order.refuse_other(
        folder,
        num_items=len(wanted.items),
        num_tasks=None if chunks is None else chunks.tasks,
        function=wanted.computes.name,
        items_digest=wanted.items.digest(),
    )


def stored_function(folder: Folder, order: Order) -> ItemFunction:
    """Return the function in a results folder.

    Raises:
        ConfigurationError: there is none, another Python pickled it, or what it needs is missing.
    """
    content = function_of(folder)
    order.refuse_other_python(folder)
    try:
        computes = unpacked(content)
    except Exception as error:
        raise ConfigurationError(
            f"the function {order.function} in '{folder.path}' cannot be loaded here ({error}): "
            "make the modules that it needs importable"
        ) from error
    return cast("ItemFunction", computes)
