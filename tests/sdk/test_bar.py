"""The bar of a run's progress: one line, cut to the width, only on terminals and when asked."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, suppress

import attrs
import pytest

from taskfarm_sdk import RunStatus, _bar
from taskfarm_sdk._bar import Standing
from taskfarm_sdk._items.chunks import Chunks
from taskfarm_sdk.errors import ConfigurationError

HALF = RunStatus(num_tasks=8, waiting=2, computing=2, done=4, failed=None, percent_done=50.0)
DONE = RunStatus(num_tasks=8, waiting=0, computing=0, done=8, failed=0, percent_done=100.0)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class OwnTerminal(Terminal):
    """One that is a file of this process."""

    def fileno(self) -> int:
        return 2


def test_a_line_has_bar_and_words() -> None:
    assert Standing(HALF).line(100) == (
        "[###############---------------] 4 of 8 tasks done (50.0 %), 2 computing, 2 waiting"
    )
    assert Standing(DONE).line(100) == f"[{'#' * 30}] 8 of 8 tasks done, 0 failed"


ITEMS = Chunks(4000, 8)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (HALF, "about 2,000 of 4,000 items done (50.0 %), 2 tasks computing, 2 waiting"),
        (DONE, "4,000 of 4,000 items done, 0 tasks failed"),
        (attrs.evolve(DONE, failed=1), "at least 3,500 of 4,000 items done, 1 task failed"),
        (
            attrs.evolve(DONE, failed=None),
            "about 4,000 of 4,000 items done, unknown how many tasks failed",
        ),
    ],
)
def test_items_are_counted_where_tasks_are_chunks_of_them(status: RunStatus, words: str) -> None:
    assert str(Standing(status, ITEMS)) == words
    assert Standing(status, ITEMS).line(120).endswith(f"] {words}")
    assert str(Standing(status, Chunks(8, 8))) == str(status)


def test_a_terminal_shows_items_and_a_notebook_both() -> None:
    with redirect_stderr(Terminal()) as terminal:
        assert list(_bar.shown(iter([DONE]), ITEMS)) == [DONE]
    assert "4,000 of 4,000 items done" in terminal.getvalue()
    page = Standing(DONE, ITEMS)._repr_html_()
    assert "4,000 of 4,000 items done" in page
    assert DONE._repr_html_() in page
    assert Standing(DONE)._repr_html_() == DONE._repr_html_()


def test_nothing_is_drawn_where_somebody_types_beside_a_program_in_the_background(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    owner = os.getpgrp()

    def owner_of(_: int) -> int:
        return owner

    monkeypatch.setattr(os, "tcgetpgrp", owner_of)
    with redirect_stderr(OwnTerminal()) as terminal:
        shown = _bar.shown(iter([HALF, HALF, DONE]), None)
        next(shown)
        assert "4 of 8 tasks done" in terminal.getvalue()
        before, owner = terminal.getvalue(), owner + 1
        next(shown)
        assert terminal.getvalue() == before
        owner -= 1
        assert list(shown) == [DONE]
    assert "8 of 8 tasks done" in terminal.getvalue()


def test_a_failed_task_is_seen_in_the_bar() -> None:
    assert "x]" in Standing(attrs.evolve(DONE, failed=1)).line(100)


@pytest.mark.parametrize("columns", [*range(90), 1000])
def test_a_line_is_never_wider_than_asked_and_is_ascii(columns: int) -> None:
    line = Standing(HALF).line(columns)
    assert len(line) <= columns
    assert line.isascii()


def test_the_words_come_before_the_bar_where_there_is_little_room() -> None:
    assert Standing(HALF).line(53) == str(HALF)


def test_the_bar_is_full_only_when_the_run_is_finished() -> None:
    nearly = attrs.evolve(DONE, computing=1, done=7, failed=None, percent_done=100.0)
    assert "-]" in Standing(nearly).line(100)


def test_a_terminal_gets_one_line_that_is_written_again() -> None:
    with redirect_stderr(Terminal()) as terminal:
        assert list(_bar.shown(iter([HALF, DONE]))) == [HALF, DONE]
    first, second = Standing(HALF).line(79), Standing(DONE).line(79)
    assert terminal.getvalue() == f"\r{first}\r{second.ljust(len(first))}\n"


def test_the_line_ends_when_the_caller_stops_early_or_fails() -> None:
    with redirect_stderr(Terminal()) as terminal:
        for status in _bar.shown(iter([HALF, DONE])):
            assert status is HALF
            break
        with pytest.raises(KeyError), _bar.telling(True) as tell:
            assert tell is not None
            tell(HALF)
            raise KeyError
    assert terminal.getvalue().count("\n") == 2


def test_nothing_is_written_where_nothing_was_shown() -> None:
    with redirect_stderr(Terminal()) as terminal, _bar.telling(True):
        pass
    assert terminal.getvalue() == ""


@pytest.mark.parametrize("progress", [False, None])
def test_nothing_is_drawn_unasked(progress: bool | None) -> None:
    with redirect_stderr(Terminal()) as terminal, _bar.telling(progress) as tell:
        assert tell is None
    assert terminal.getvalue() == ""


def test_a_pipe_gets_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    assert list(_bar.shown(iter([HALF, DONE]))) == [HALF, DONE]
    assert capfd.readouterr() == ("", "")


def test_a_program_without_stderr_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    assert list(_bar.shown(iter([HALF]))) == [HALF]


def test_a_terminal_that_has_gone_ends_no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    master, slave = pty.openpty()
    # What could not be written is tried again when the stream is closed.
    with suppress(OSError), os.fdopen(slave, "w") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        statuses: Iterator[RunStatus] = _bar.shown(iter([HALF, HALF, DONE]))
        assert next(statuses) is HALF
        os.close(master)
        assert list(statuses) == [HALF, DONE]


@pytest.mark.parametrize("columns", [20, 60, 200])
def test_the_width_is_the_terminals(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (24, columns))
    with os.fdopen(slave, "w") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        list(_bar.shown(iter([HALF])))
        said = ""
        while not said.endswith("\n"):
            said += os.read(master, 4096).decode()
    os.close(master)
    assert said == f"\r{Standing(HALF).line(columns - 1)}\r\n"


def test_a_function_is_called_as_it_is() -> None:
    seen: list[RunStatus] = []
    tell: Callable[[RunStatus], None] = seen.append
    with _bar.telling(tell) as told:
        assert told is tell


@pytest.mark.parametrize("wrong", [1, "yes", [True]])
def test_what_is_neither_is_refused(wrong: object) -> None:
    with pytest.raises(ConfigurationError, match="progress is True for a bar, or a function"):
        _bar.checked(wrong)


def test_neither_rich_nor_ipython_is_imported_for_a_bar() -> None:
    code = (
        "import sys; from taskfarm_sdk import _bar, RunStatus\n"
        "s = RunStatus(num_tasks=1, waiting=0, computing=0, done=1, failed=0, percent_done=100.)\n"
        "list(_bar.shown(iter([s]))); s._repr_html_()\n"
        "print(sorted({m.partition('.')[0] for m in sys.modules} & {'rich', 'IPython'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
