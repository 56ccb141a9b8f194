"""The screen of workTF beside a person who types."""

from __future__ import annotations

import io
import os
import sys

import pytest

from taskfarm_cli.work.screen import ERASE, Screen


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return 2


def test_in_the_background_no_line_is_drawn_and_no_line_of_the_shell_is_erased(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    owner = os.getpgrp()

    def owner_of(_: int) -> int:
        return owner

    monkeypatch.setattr(os, "tcgetpgrp", owner_of)
    screen = Screen("workTF")
    screen.draw("1 running here")
    assert "1 running here" in terminal.getvalue()
    # As after Ctrl-Z and `bg`.
    before, owner = len(terminal.getvalue()), owner + 1
    screen.draw("2 running here")
    screen.say("a message")
    assert terminal.getvalue()[before:] == "workTF: a message\n"
    before, owner = len(terminal.getvalue()), owner - 1
    screen.draw("3 running here")
    assert terminal.getvalue()[before:] == f"{ERASE}3 running here"
