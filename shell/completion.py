"""Completion for bash, zsh and fish: made by shtab, with what it does not know.

That is which runs there are, URLs (bash separates words at ":"), and the command behind `--`.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import shtab

from shell.commands import Command

_SNIPPETS = Path(__file__).parent / "snippets"
_RUNS = {"bash": "_taskfarm_runs", "zsh": "_taskfarm_runs", "fish": "(_taskfarm_runs)"}
_FILES = {**shtab.FILE, "bash": "_taskfarm_file", "fish": "(_taskfarm_file)"}
_FOLDERS = {**shtab.DIRECTORY, "bash": "_taskfarm_dir"}
# What a value is, by the name that the help gives it.
_BY_METAVAR = {
    "UUID": _RUNS,
    "FILE": _FILES,
    "OUT": _FILES,
    "DIR": _FOLDERS,
    "FOLDER": _FOLDERS,
}

# In zsh's table of options: the names of one that takes a value, and what comes behind them. To
# shtab the value is the next word; a "=" behind the name says that --option=value goes too.
_OPTION_WITH_VALUE = re.compile(r'^(  (?:"--[\w-]+|\{[^}"]*\}"))(\[.*\]:.*")$', re.MULTILINE)
_LONG = re.compile(r"--[\w-]+")


def completions(command: Command) -> dict[str, str]:
    """Return the files that complete a command, by their path in `share/`.

    Args:
        command: the command.
    """
    name = command.name
    return {
        f"bash-completion/completions/{name}": _bash(command),
        f"zsh/site-functions/_{name}": _zsh(command),
        f"fish/vendor_completions.d/{name}.fish": _fish(command),
    }


def _bash(command: Command) -> str:
    made = f"_shtab_{command.name}"
    registered = f"complete -o bashdefault -F {made} {command.name}"
    has_command = "yes" if command.runs_command else "no"
    return _replaced(
        _made(command, "bash"),
        registered,
        f"_taskfarm_{command.name}() {{\n"
        f"  _taskfarm_complete {made} {has_command}\n"
        "}\n\n"
        f"complete -o bashdefault -F _taskfarm_{command.name} {command.name}",
    )


def _zsh(command: Command) -> str:
    text = _OPTION_WITH_VALUE.sub(
        lambda found: _LONG.sub(r"\g<0>=", found[1]) + found[2], _made(command, "zsh")
    )
    if not command.runs_command:
        return text
    head = f"_shtab_{command.name}() {{\n"
    guard = "  if ((${words[(ie)--]} < CURRENT)); then\n    _taskfarm_command\n    return\n  fi\n"
    return _replaced(text, head, head + guard)


def _fish(command: Command) -> str:
    text = _made(command, "fish")
    if not command.runs_command:
        return text
    using, shtabs = f"_shtab_{command.name}_using", f"_taskfarm_{command.name}_using"
    return (
        f"{text}\n"
        "# Behind --, the command is completed as if it stood alone.\n"
        f"functions -e {shtabs}\n"
        f"functions -c {using} {shtabs}\n"
        f"function {using}\n"
        f"    not _taskfarm_has_command; and {shtabs} $argv\n"
        "end\n"
        f"complete -c {command.name} -n _taskfarm_has_command -ka "
        '"(complete -C (_taskfarm_command))"\n'
    )


def _made(command: Command, shell: str) -> str:
    parser = command.build_parser()
    for action in parser._actions:  # noqa: SLF001 - argparse has no public list of them
        _say_what_completes(action)
    snippet = (_SNIPPETS / f"runs.{shell}").read_text(encoding="utf-8")
    text = shtab.complete(parser, shell, preamble=snippet)
    return "\n".join(line.rstrip() for line in text.rstrip().splitlines()) + "\n"


def _say_what_completes(action: argparse.Action) -> None:
    kind = _BY_METAVAR.get(str(action.metavar))
    if kind is not None:
        action.complete = kind  # type: ignore[attr-defined]


def _replaced(text: str, old: str, new: str) -> str:
    if text.count(old) != 1:
        raise ValueError(f"shtab's text is not what it was: it has {text.count(old)} of {old!r}")
    return text.replace(old, new)
