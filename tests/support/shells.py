"""bash, zsh and fish as a person uses them: which words Tab offers behind a line."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.support import engines
from tests.support.processes import NET_S
from tests.support.pseudo_terminal import PseudoTerminal

SHARE = Path(__file__).parents[2] / "share"
SHELLS = ("bash", "zsh", "fish")
# What the user would write into the shell's start-up file; {share} is the folder.
_LOADED: Mapping[str, str] = {
    "bash": 'for file in "{share}"/bash-completion/completions/*TF; do . "$file"; done',
    "zsh": 'fpath=("{share}/zsh/site-functions" $fpath)',
    "fish": 'set -p fish_complete_path "{share}/fish/vendor_completions.d"',
}
_PROGRAMS = {"bash": ("bash", "--norc", "--noprofile", "-i"), "zsh": ("zsh", "-f", "-i")}
# Keys for "write all that is offered into the line" and "print the line". The markers are spelled
# so that the echo of these lines has none.
_KEYS = {
    "bash": r"""
bind 'set enable-bracketed-paste off'
bind '"\C-x\C-a": insert-completions'
show() { printf 'LI%s<%s>LINE' NE "$READLINE_LINE"; }
bind -x '"\C-x\C-g": show'
echo REA"DY"
""",
    "zsh": r"""
autoload -Uz compinit && compinit -u -D
zle -C all complete-word _generic
zstyle ':completion:all:*' completer _all_matches _complete
zstyle ':completion:all:*' insert true
zstyle ':completion:all:*' old-matches false
bindkey '^X^A' all
show() { print -rn -- "LI""NE<$BUFFER>LINE" }
zle -N show; bindkey '^X^G' show
echo REA"DY"
""",
}
_ALL_AND_SHOW = "\x18\x01\x18\x07"


def loading(shell: str, share: Path = SHARE) -> str:
    """Return the line that loads the completions of a folder."""
    return _LOADED[shell].format(share=share)


def offered(shell: str, line: str, environment: Mapping[str, str], load: str = "") -> list[str]:
    """Return the words that a real shell offers for the last word of a line.

    Args:
        shell: its name; without it on this machine, the test is left out.
        line: what was typed.
        environment: what is set beside this process's own environment.
        load: the line that loads the completions; without it that of this source tree.
    """
    if shutil.which(shell) is None:
        engines.is_missing(shell, "it is not installed")
    load = load or loading(shell)
    if shell == "fish":
        return _offered_by_fish(line, environment, load)
    before, _, _ = line.rpartition(" ")
    return shlex.split(line_after(shell, line, environment, load).removeprefix(before))


def line_after(shell: str, line: str, environment: Mapping[str, str], load: str) -> str:
    """Return the line of bash or zsh after all that is offered was written into it."""
    program = _PROGRAMS[shell]
    used = {"TERM": "dumb", "HISTFILE": os.devnull, "PS1": "> ", **environment}
    with PseudoTerminal([], used, program=program, columns=500) as terminal:
        terminal.press(f"{load}\n{_KEYS[shell].strip()}\n")
        terminal.expect(r"READY\s")
        terminal.press(line + _ALL_AND_SHOW)
        terminal.expect(r"(?s)LINE<.*>LINE")
        found = re.search(r"(?s)LINE<(.*)>LINE", terminal.text)
    assert found is not None
    return found[1]


def _offered_by_fish(line: str, environment: Mapping[str, str], load: str) -> list[str]:
    done = subprocess.run(
        ["fish", "--no-config", "-c", f"{load}; complete -C {shlex.quote(line)}"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=NET_S,
        cwd=environment.get("PWD"),
    )
    assert done.stderr == ""
    return [offer.partition("\t")[0] for offer in done.stdout.splitlines()]
