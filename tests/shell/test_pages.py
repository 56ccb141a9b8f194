"""Man pages: whole, well-formed, and readable by both readers of them."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
from collections.abc import Callable

import pytest

from taskfarm_cli.manage.arguments import build_parser as manage_parser
from taskfarm_cli.serve.arguments import build_parser as serve_parser
from taskfarm_cli.view.arguments import build_parser as view_parser
from taskfarm_cli.work.command_line.arguments import build_parser as work_parser
from tests.support import engines
from tests.support.shells import SHARE

PAGES = SHARE / "man" / "man1"
PARSERS = {
    "manageTF": manage_parser,
    "serveTF": serve_parser,
    "viewTF": view_parser,
    "workTF": work_parser,
}
# A page of `make shell` is the same on every day.
NO_DATE = re.compile(r'WARNING: missing date, using "": TH$')
in_each = pytest.mark.parametrize("program", PARSERS)


def printed(*command: str) -> tuple[str, str]:
    """Return what a program prints to stdout and to stderr."""
    if shutil.which(command[0]) is None:
        engines.is_missing(command[0], "it is not installed")
    done = subprocess.run(
        command,
        env={**os.environ, "MANWIDTH": "78", "MAN_KEEP_FORMATTING": "", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout, done.stderr


@in_each
def test_mandoc_finds_no_fault(program: str) -> None:
    page = str(PAGES / f"{program}.1")
    found, _ = printed("mandoc", "-T", "lint", "-W", "warning", page)
    assert [line for line in found.splitlines() if not NO_DATE.search(line)] == []


@in_each
def test_man_shows_the_page_without_a_warning(program: str) -> None:
    shown, warnings = printed("man", "--warnings", "-l", str(PAGES / f"{program}.1"))
    assert warnings == ""
    # Of the name line, whatis and apropos make what they find.
    assert re.search(rf"(?m)^NAME\n +{program} - \S", shown)
    for heading in ("SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "SEE ALSO"):
        assert f"\n{heading}\n" in shown


@in_each
def test_every_option_and_its_help_is_in_the_page(program: str) -> None:
    build: Callable[[], argparse.ArgumentParser] = PARSERS[program]
    shown, _ = printed("man", "-l", str(PAGES / f"{program}.1"))
    words = " ".join(shown.split())
    for action in build()._actions:
        if "--help" in action.option_strings:
            continue
        for option in action.option_strings:
            assert re.search(rf"(?<![\w-]){option}(?![\w-])", words), option
        assert " ".join(str(action.help).split()) in words


@in_each
def test_each_exit_status_has_a_line_of_its_own(program: str) -> None:
    shown, _ = printed("man", "-l", str(PAGES / f"{program}.1"))
    told = shown.partition("\nEXIT STATUS\n")[2].partition("\nSEE ALSO\n")[0]
    epilog = PARSERS[program]().epilog or ""
    statuses = epilog.partition("exit status:\n")[2].splitlines()
    assert re.findall(r"(?m)^ {7}(\S+)", told) == [line.split()[0] for line in statuses]
