"""The bar of a run's progress, which is drawn only when a caller asks: `progress=True`.

In a notebook it is an output that is replaced; on a terminal, one line of stderr without escape
sequences. Into files and pipes nothing is written.
"""

from __future__ import annotations

import importlib
import math
import os
import sys
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from taskfarm_sdk import _text
from taskfarm_sdk._models import RunStatus
from taskfarm_sdk.errors import ConfigurationError

Tell = Callable[[RunStatus], None]
Progress = bool | Tell | None

_BAR_MOST = 30
_COLUMNS = 80


def checked(progress: object) -> None:
    """Refuse what is neither a bool, nor None, nor can be called.

    Raises:
        ConfigurationError: it is something else.
    """
    if not (progress is None or isinstance(progress, bool) or callable(progress)):
        raise ConfigurationError(
            "progress is True for a bar, or a function that is called with the run's status, not "
            f"{_text.shown(progress)}"
        )


@contextmanager
def telling(progress: Progress) -> Generator[Tell | None]:
    """Yield what is to be called with a run's status; a bar ends with the block.

    Args:
        progress: the caller's function; True for a bar; False or None for nothing.
    """
    if not isinstance(progress, bool):
        yield progress
        return
    bar = _bar() if progress else None
    if bar is None:
        yield None
        return
    try:
        yield bar.show
    finally:
        bar.end()


def shown(statuses: Iterator[RunStatus]) -> Iterator[RunStatus]:
    """Yield statuses, and draw each before."""
    with telling(True) as tell:
        for status in statuses:
            if tell is not None:
                tell(status)
            yield status


async def shown_async(statuses: AsyncIterator[RunStatus]) -> AsyncIterator[RunStatus]:
    """Yield statuses, and draw each before."""
    with telling(True) as tell:
        async for status in statuses:
            if tell is not None:
                tell(status)
            yield status


def line_of(status: RunStatus, columns: int) -> str:
    """Return a line that shows a run's progress, in ASCII.

    Args:
        status: the run's status.
        columns: how many characters it may have.
    """
    words = f" {status}"
    width = min(_BAR_MOST, columns - len(words) - 2)
    if width < 4:
        return words.strip()[: max(0, columns)]
    filled = math.floor(_share(status) * width)
    return f"[{'#' * filled}{'-' * (width - filled)}]{words}"


def _share(status: RunStatus) -> float:
    """Return the work done, 0 to 1; 1 only where the run is finished."""
    share = status.done / status.num_tasks if status.num_tasks else 0.0
    if math.isfinite(status.percent_done):
        share = max(share, min(1.0, status.percent_done / 100))
    return min(share, 1.0) if status.finished else min(share, 0.999)


class _Line:
    """One line of a terminal, which is written again."""

    def __init__(self, stream: TextIO) -> None:
        self._stream: TextIO | None = stream
        self._written = 0

    def show(self, status: RunStatus) -> None:
        # The last column stays empty: a full line makes some terminals begin another one.
        line = line_of(status, _columns_of(self._stream) - 1)
        self._write(f"\r{line.ljust(self._written)}")
        self._written = len(line)

    def end(self) -> None:
        if self._written:
            self._write("\n")

    def _write(self, text: str) -> None:
        if self._stream is None:
            return
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):  # the terminal has gone, which is no reason to end the work
            self._stream = None


class _Cell:
    """An output of a notebook, which is replaced."""

    def __init__(self, display: Callable[..., Any]) -> None:
        self._display = display
        self._handle: Any = None

    def show(self, status: RunStatus) -> None:
        if self._handle is None:
            self._handle = self._display(status, display_id=True)
        else:
            self._handle.update(status)

    def end(self) -> None:
        """Leave the last status there."""


def _bar() -> _Line | _Cell | None:
    display = _display_of_kernel()
    if display is not None:
        return _Cell(display)
    stream = sys.stderr
    try:
        return _Line(stream) if stream.isatty() else None
    except (AttributeError, ValueError):  # there is none, or it is closed
        return None


def _display_of_kernel() -> Callable[..., Any] | None:
    """Return IPython's `display` where this process is the kernel of a notebook."""
    ipython: Any = sys.modules.get("IPython")
    shell: Any = None if ipython is None else ipython.get_ipython()
    if getattr(shell, "kernel", None) is None:
        return None
    display: Callable[..., Any] = importlib.import_module("IPython.display").display
    return display


def _columns_of(stream: TextIO | None) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns if stream else _COLUMNS
    except (OSError, ValueError):
        return _COLUMNS
