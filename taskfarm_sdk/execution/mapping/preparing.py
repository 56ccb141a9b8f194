"""The work of a results folder: made by the first process that uses it, joined by all others."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Literal, cast

import attrs

from taskfarm_sdk import _name_claims, _run_names, _run_notes
from taskfarm_sdk._flows import runs
from taskfarm_sdk._items.chunks import Chunks
from taskfarm_sdk._items.items import Items
from taskfarm_sdk._items.stored import write_items
from taskfarm_sdk._logging import log
from taskfarm_sdk._results import claim as claims
from taskfarm_sdk._results import names
from taskfarm_sdk._results.folder import Folder
from taskfarm_sdk._results.names import FUNCTION, ITEMS, ORDER
from taskfarm_sdk._results.order import (
    Order,
    digest_name,
    function_of,
    publish_function,
    seed_name,
)
from taskfarm_sdk._run_notes import RunNote
from taskfarm_sdk._session.link import Link
from taskfarm_sdk._text import shown
from taskfarm_sdk.errors import ConfigurationError, RunNotFound, TaskfarmError
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
        name: the name of the run, if it is created; None for none.
    """

    folder: str | os.PathLike[str]
    computes: ItemFunction
    items: Items[object]
    chunk: int | Literal["auto"]
    name: str | None = None

    def __attrs_post_init__(self) -> None:
        if type(self.chunk) is not int and not (isinstance(self.chunk, str) and self.chunk == AUTO):
            raise ConfigurationError(
                f'chunk must be a number of items or "auto", not {shown(self.chunk)}'
            )
        self.chunks()
        if self.name is not None:
            _run_names.check_name(self.name)

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
    with claims.alone_here(folder) as alone:
        order = Order.load(folder)
        if order is None and alone:
            _clear_up(link, folder)
        while order is None:
            claim = claims.take(folder, link.session.url)
            if claim is None:
                order = claims.wait_for_order(folder)
            else:
                order = Order.load(folder) or _make(link, folder, wanted, try_size, claim)
        return order


def _clear_up(link: Link, folder: Folder) -> None:
    """Delete the run that a killed process of this machine created before the folder named it."""
    abandoned = claims.remove_abandoned(folder)
    if abandoned is None or abandoned.run_uuid is None:
        return
    log.warning(
        "a process that was killed left run %s, of which no task was computed; it is deleted",
        abandoned.run_uuid,
    )
    with suppress(TaskfarmError):
        link.drive(runs.delete(link.session, abandoned.run_uuid))


def _make(
    link: Link,
    folder: Folder,
    wanted: Wanted,
    try_size: Callable[[Folder], int],
    claim: claims.Claim,
) -> Order:
    run_uuid: str | None = None
    with ExitStack() as named:
        try:
            _set_results_aside(folder)
            if wanted.name is not None:
                # Before a trial that is for nothing.
                _refuse_taken(link, wanted.name)
            function = packed(wanted.computes).content
            chunks = wanted.chunks() or Chunks.cut(len(wanted.items), try_size(folder))
            # A process that died here before may have left its own.
            for name in (ITEMS, FUNCTION):
                folder.remove(name)
            folder.publish(ITEMS, lambda file: write_items(file, wanted.items, chunks))
            publish_function(folder, function)
            unknown = _kept_name(link, wanted.name, named)
            run_uuid = link.drive(runs.create(link.session, chunks.tasks)).uuid
            claims.note_run(folder, claim, run_uuid)
            order = Order(
                server_url=link.session.url,
                run_uuid=run_uuid,
                num_items=chunks.items,
                num_tasks=chunks.tasks,
                chunk=chunks.size,
                function=wanted.computes.name,
                items_digest=wanted.items.digest(),
                seed=wanted.computes.seed,
            )
            is_ours = order.publish(folder)
        except BaseException:
            _undo(link, folder, run_uuid)
            raise
        if not is_ours:
            _undo(link, folder, run_uuid)
            raise ConfigurationError(
                f"another process made the work of '{folder.path}' meanwhile: start again to join "
                "it"
            )
        _run_notes.unname(unknown)
        _run_notes.write(_note_of(order, folder, wanted.name))
    return order


def _kept_name(link: Link, name: str | None, named: ExitStack) -> list[RunNote]:
    """Keep a name for the run that is created next, until the stack is closed.

    Returns:
        The notes of runs with this name that the server does not know.

    Raises:
        ConfigurationError: the name is taken, or being taken.
    """
    if name is None:
        return []
    # Where nothing can be written, no name is noted either, which is logged.
    with suppress(OSError):
        named.enter_context(_name_claims.claimed(name, link.session.url))
    return _refuse_taken(link, name)


def _refuse_taken(link: Link, name: str) -> list[RunNote]:
    """Refuse a name that a run of the server has; return the notes of runs that it does not know.

    Raises:
        ConfigurationError: the name is taken.
    """
    url = link.session.url
    unknown: list[RunNote] = []
    for note in _run_notes.named(name):
        if note.name != name or not note.is_of(url):
            continue
        try:
            link.drive(runs.find(link.session, note.run))
        except RunNotFound:
            unknown.append(note)
            continue
        raise ConfigurationError(
            f"the name {name!r} is that of run {note.run}, which was created here: choose another, "
            f"or delete that run first (`manageTF -b {url} --delete {name}`); nothing was created"
        )
    return unknown


def _set_results_aside(folder: Folder) -> None:
    """Let no results count that were there before the order: they may be of other work.

    A start that tried the first items leaves them if it ends before there is an order.
    """
    for name in filter(names.is_results_file, folder.names()):
        log.warning("'%s' is of a start that was given up, and is set aside", folder.path / name)
        folder.set_aside(name)


def _note_of(order: Order, folder: Folder, name: str | None) -> RunNote:
    return RunNote(
        run=order.run_uuid,
        url=order.server_url,
        num_tasks=order.num_tasks,
        items=order.num_items,
        chunk=order.chunk,
        inputs_sha256=order.items_digest,
        function=order.function,
        results=str(folder.path),
        name=name,
    )


def _undo(link: Link, folder: Folder, run_uuid: str | None) -> None:
    if run_uuid is not None:
        with suppress(TaskfarmError):
            order = Order.load(folder)
            if order is not None and order.run_uuid == run_uuid:
                # It is there, though not surely on the disk: it must not name a run that is gone.
                folder.remove(ORDER)
        with suppress(TaskfarmError):
            link.drive(runs.delete(link.session, run_uuid))
    claims.give_up(folder)


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
        items_digest=digest_name(wanted.items.digest()),
        seed=seed_name(wanted.computes.seed),
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
            "make the modules that it needs importable, such as by PYTHONPATH=FOLDER"
        ) from error
    return cast("ItemFunction", computes)
