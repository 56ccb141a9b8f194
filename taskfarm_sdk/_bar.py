"""The bar of a run's progress, which is drawn only when a caller asks: `progress=True`.

In a notebook it is an output that is replaced; on a terminal, one line of stderr without escape
sequences. Into files and pipes nothing is written.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

import attrs

from taskfarm_sdk import _text
from taskfarm_sdk._foreground import is_in_foreground
from taskfarm_sdk._items.chunks import Chunks
from taskfarm_sdk._items.counts import items_done
from taskfarm_sdk._models import RunStatus, counted, percent_text
from taskfarm_sdk.errors import ConfigurationError

Tell = Callable[[RunStatus], None]
Progress = bool | Tell | None

_BAR_LEAST, _BAR_MOST = 4, 30
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
def telling(progress: Progress, chunks: Chunks | None = None) -> Generator[Tell | None]:
    """Yield what is to be called with a run's status; a bar ends with the block.

    Args:
        progress: the caller's function; True for a bar; False or None for nothing.
        chunks: the items of each task, which a bar counts; None if they are not known.
    """
    if not isinstance(progress, bool):
        yield progress
        return
    bar = _bar() if progress else None
    if bar is None:
        yield None
        return
    try:
        yield lambda status: bar.show(Standing(status, chunks))
    finally:
        bar.end()


def shown(statuses: Iterator[RunStatus], chunks: Chunks | None = None) -> Iterator[RunStatus]:
    """Yield statuses, and draw each before; see `telling`."""
    with telling(True, chunks) as tell:
        for status in statuses:
            if tell is not None:
                tell(status)
            yield status


async def shown_async(
    statuses: AsyncIterator[RunStatus], chunks: Chunks | None = None
) -> AsyncIterator[RunStatus]:
    """Yield statuses, and draw each before; see `telling`."""
    with telling(True, chunks) as tell:
        async for status in statuses:
            if tell is not None:
                tell(status)
            yield status


@attrs.frozen(repr=False)
class Standing:
    """What a bar shows of a run.

    Attributes:
        status: the run's status.
        chunks: the items of each task; None if they are not known.
    """

    status: RunStatus
    chunks: Chunks | None = None

    def __str__(self) -> str:
        """Return the progress in words: in items where tasks are chunks of several."""
        status, count = self.status, items_done(self.chunks, self.status)
        if count is None:
            return str(status)
        if status.finished and status.failed is None:
            return f"{count}, unknown how many tasks failed"
        if status.finished:
            return f"{count}, {counted(status.failed or 0, 'task')} failed"
        percent = percent_text(status.percent_done)
        computing = counted(status.computing, "task")
        return f"{count} ({percent}), {computing} computing, {status.waiting} waiting"

    def __repr__(self) -> str:
        """Return the same: what a notebook without HTML shows."""
        return str(self)

    def line(self, columns: int) -> str:
        """Return a line with a bar and the progress in words, in ASCII.

        Args:
            columns: how many characters it may have.
        """
        words = f" {self}"
        width = min(_BAR_MOST, columns - len(words) - 2)
        if width < _BAR_LEAST:
            return words.strip()[: max(0, columns)]
        from taskfarm_sdk.charts import text_bar

        status = self.status
        bar = text_bar(
            waiting=status.waiting,
            computing=status.computing,
            done=status.done,
            failed=status.failed,
            percent=status.percent_done,
            width=width,
        )
        return f"[{bar}]{words}"

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the items, if tasks are chunks of several, and the run."""
        from taskfarm_sdk import _html

        page = self.status._repr_html_()  # pyright: ignore[reportPrivateUsage]
        count = items_done(self.chunks, self.status)
        return page if count is None else _html.block(_html.line(str(count)), page)


class _Line:
    """One line of a terminal, which is written again."""

    def __init__(self, stream: TextIO) -> None:
        self._stream: TextIO | None = stream
        self._written = 0

    def show(self, standing: Standing) -> None:
        if not is_in_foreground(self._stream):
            return
        # The last column stays empty: a full line makes some terminals begin another one.
        line = standing.line(_columns_of(self._stream) - 1)
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

    def show(self, standing: Standing) -> None:
        if self._handle is None:
            self._handle = self._display(standing, display_id=True)
        else:
            self._handle.update(standing)

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
