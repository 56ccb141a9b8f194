"""Events that a page receives while it is open (server-sent events)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from taskfarm_cli.view.observer import Observer
    from taskfarm_cli.view.places import Place

# Shorter than a proxy's patience, and than the page's own (page.js).
BEAT_S = 5.0
AGAIN_MS = 2000


class Bell:
    """Wakes the streams of all open pages; rung by the observer's thread."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._listeners: set[asyncio.Event] = set()
        self.is_over = False

    def ring(self) -> None:
        """Wake all; safe in any thread, also when the loop has ended."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._wake)

    def end(self) -> None:
        """Have all streams end."""
        self.is_over = True
        self.ring()

    @contextmanager
    def listening(self) -> Generator[asyncio.Event]:
        """Return an event that is set whenever the bell rings."""
        event = asyncio.Event()
        self._listeners.add(event)
        try:
            yield event
        finally:
            self._listeners.discard(event)

    def _wake(self) -> None:
        for event in self._listeners:
            event.set()


def event(name: str, data: object) -> str:
    """Return an event as its lines; JSON has no line ends in it."""
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"


async def stream(observer: Observer, bell: Bell, place: Place) -> AsyncIterator[str]:
    """Yield what changes on a page, and a beat when nothing does."""
    sent: dict[str, str] = {}
    with observer.watching(place), bell.listening() as rung:
        yield f"retry: {AGAIN_MS}\n\n"
        while not bell.is_over:
            parts = observer.parts(place) or {}
            changed = {name: html for name, html in parts.items() if sent.get(name) != html}
            sent.update(changed)
            if changed:
                yield event("parts", changed)
            if not await _is_rung(rung):
                yield event("beat", None)
        yield event("bye", None)


async def _is_rung(rung: asyncio.Event) -> bool:
    try:
        await asyncio.wait_for(rung.wait(), BEAT_S)
    except TimeoutError:
        return False
    rung.clear()
    return True
