"""Await functions that wait for the farm's server."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


async def in_thread(function: Callable[[], T]) -> T:
    """Call a function in a thread, and return what it returns.

    The thread ends with the process: unlike those of `asyncio.to_thread`, it does not keep Ctrl-C
    waiting for a server that does not answer.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(value: T | None, error: BaseException | None) -> None:
        if future.cancelled():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(value)  # type: ignore[arg-type]

    def call() -> None:
        value, fault = None, None
        try:
            value = function()
        except Exception as error:  # noqa: BLE001 - raised where it is awaited
            fault = error
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(settle, value, fault)

    threading.Thread(target=call, name="viewTF-request", daemon=True).start()
    return await future
