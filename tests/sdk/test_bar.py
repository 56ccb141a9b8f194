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
from taskfarm_sdk.errors import ConfigurationError

HALF = RunStatus(num_tasks=8, waiting=2, computing=2, done=4, failed=None, percent_done=50.0)
DONE = RunStatus(num_tasks=8, waiting=0, computing=0, done=8, failed=0, percent_done=100.0)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_line_has_bar_and_words() -> None:
    assert _bar.line_of(HALF, 100) == (
        "[###############---------------] 4 of 8 tasks done (50.0 %), 2 computing, 2 waiting"
    )
    assert _bar.line_of(DONE, 100) == f"[{'#' * 30}] 8 of 8 tasks done, 0 failed"


@pytest.mark.parametrize("columns", [*range(90), 1000])
def test_a_line_is_never_wider_than_asked_and_is_ascii(columns: int) -> None:
    line = _bar.line_of(HALF, columns)
    assert len(line) <= columns
    assert line.isascii()


def test_the_words_come_before_the_bar_where_there_is_little_room() -> None:
    assert _bar.line_of(HALF, 53) == str(HALF)


def test_the_bar_is_full_only_when_the_run_is_finished() -> None:
    nearly = attrs.evolve(DONE, computing=1, done=7, failed=None, percent_done=100.0)
    assert "-]" in _bar.line_of(nearly, 100)


def test_a_terminal_gets_one_line_that_is_written_again() -> None:
    with redirect_stderr(Terminal()) as terminal:
        assert list(_bar.shown(iter([HALF, DONE]))) == [HALF, DONE]
    first, second = _bar.line_of(HALF, 79), _bar.line_of(DONE, 79)
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
    assert said == f"\r{_bar.line_of(HALF, columns - 1)}\r\n"


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
