"""The blocks of a page, and what they print when they are executed in the page's order.

A fence of `sh` or `console` is run by one bash for the page, one of `python` by this process, and
one whose first line is `# NAME.py` is written to that file. A `text` fence behind such a block is
what it prints; a file is run for that. In a page, `UUID` is the newest run, `…` is any text, and on
a line of its own any lines. Comments before a fence say what differs:

`<!-- not run: REASON -->`, `<!-- on Slurm -->`, `<!-- exit status 5 -->`; and `<!-- sh:` or
`<!-- python:` with lines, and `-->` on its own, is a block that readers do not see.
"""

from __future__ import annotations

import contextlib
import difflib
import io
import os
import re
import select
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
_BLOCK_S = 120.0
_PARTS = re.compile(
    r"^<!-- (?P<hidden>sh|python):\n(?P<unseen>.*?)^-->$"
    r"|(?:^<!-- (?P<mark>[^\n]*) -->\n)?^```(?P<language>[^\n`]*)\n(?P<code>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
_FILE = re.compile(r"# ([\w-]+\.py)\n")
_UUID = re.compile(r"\b[0-9a-f]{32}\b")
SHELL = ("sh", "console", "bash")


class Block(NamedTuple):
    """A block of a page.

    Attributes:
        language: of its fence.
        code: what is in it.
        line: its place in the page.
        mark: the comment before it, or "".
        printed: what the page says that it prints, or None.
    """

    language: str
    code: str
    line: int
    mark: str = ""
    printed: str | None = None

    @property
    def is_executable(self) -> bool:
        """Whether it is a command or a program."""
        return self.language in (*SHELL, "python")

    @property
    def reason(self) -> str | None:
        """Why it is not run, or None if it is."""
        return self.mark.removeprefix("not run: ") if self.mark.startswith("not run: ") else None

    @property
    def is_for_slurm(self) -> bool:
        """Whether it is run where Slurm is."""
        return self.mark == "on Slurm"

    @property
    def status(self) -> int:
        """The exit status that its last failed command ends with."""
        found = re.fullmatch(r"exit status (\d+)", self.mark)
        return int(found[1]) if found else 0


def blocks_of(text: str) -> list[Block]:
    """Return the blocks of a page, each with what it prints.

    Args:
        text: the page, in Markdown.
    """
    found: list[Block] = []
    for part in _PARTS.finditer(text):
        line = text.count("\n", 0, part.start()) + 1
        if part["hidden"]:
            found.append(Block(part["hidden"], part["unseen"], line))
            continue
        block = Block(part["language"], part["code"], line, part["mark"] or "")
        if block.language == "text" and found and found[-1].language == "python":
            found[-1] = found[-1]._replace(printed=block.code)
        else:
            found.append(block)
    return found


def difference(shown: str, printed: str) -> str:
    """Return how what is printed differs from what a page shows, as `diff -u` does; "" if not.

    Args:
        shown: what the page shows, in which `…` is any text.
        printed: what was printed.
    """
    pattern = "".join(map(_pattern, shown.splitlines(keepends=True)))
    if re.fullmatch(pattern, printed):
        return ""
    lines = difflib.unified_diff(
        shown.splitlines(keepends=True), printed.splitlines(keepends=True), "page", "printed", n=1
    )
    return "".join(lines)


def _pattern(line: str) -> str:
    if line.strip() == "…":
        return r"(?:.*\n)*?"
    escaped = re.escape(_UUID.sub("\0", line))
    return escaped.replace("\0", "[0-9a-f]{32}").replace("…", ".*?")


def commands_in(session: str) -> list[tuple[str, str]]:
    """Return the commands of a session, each with what it prints.

    Args:
        session: lines of commands behind `$ `, of their continuation behind `> `, and of output.
    """
    found: list[tuple[str, str]] = []
    for line in session.splitlines(keepends=True):
        if line.startswith("$ "):
            found.append((line[2:], ""))
        elif line.startswith("> ") and not found[-1][1]:
            found[-1] = (found[-1][0] + line[2:], "")
        else:
            found[-1] = (found[-1][0], found[-1][1] + line)
    return found


class Shell:
    """A bash that runs the commands of a page one after the other.

    Args:
        folder: where it begins.
    """

    def __init__(self, folder: Path) -> None:
        self._heard, self._answer = os.pipe()
        self._kept = folder.parent
        self._process = subprocess.Popen(
            ["bash"],
            cwd=folder,
            stdin=subprocess.PIPE,
            text=True,
            pass_fds=(self._answer,),
            start_new_session=True,
        )
        self._tell("trap 'failed=$?' ERR")

    def run(self, commands: str) -> tuple[int, str]:
        """Run commands, and return the status of the last that failed, and what all printed.

        Args:
            commands: lines of bash.
        """
        script, output = self._kept / "block.sh", self._kept / "block.out"
        script.write_text(commands, encoding="utf-8")
        here = f". {shlex.quote(str(script))} > {shlex.quote(str(output))} 2>&1 < /dev/null"
        self._tell(f"failed=0; {here}; echo $failed >&{self._answer}")
        ready, _, _ = select.select([self._heard], [], [], _BLOCK_S)
        said = output.read_text(encoding="utf-8")
        assert ready, f"no end of: {commands}\n{said}"
        return int(os.read(self._heard, 16)), said

    def close(self) -> None:
        """End it, and what it left running."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        os.close(self._heard)
        os.close(self._answer)

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()


class Execution:
    """The execution of a page.

    Args:
        folder: an empty folder, in which this process is too.
        newest_run: returns the UUID that stands for `UUID`.
    """

    def __init__(self, folder: Path, newest_run: Callable[[], str]) -> None:
        self._folder = folder
        self._newest_run = newest_run
        self._shell = Shell(folder)
        self._names: dict[str, object] = {"__name__": "__main__"}

    def close(self) -> None:
        """End what is left of it."""
        self._shell.close()

    def execute(self, block: Block) -> str:
        """Execute a block, and return how it differs from what the page shows; "" if not."""
        if block.language == "python":
            return self._python(block)
        if block.language == "console":
            return "".join(
                self._command(block, command, shown) for command, shown in commands_in(block.code)
            )
        return self._command(block, block.code, None)

    def _command(self, block: Block, command: str, shown: str | None) -> str:
        known = re.sub(r"\bUUID\b", lambda _: self._newest_run(), command)
        status, printed = self._shell.run(known)
        wrong = "" if shown is None else difference(shown, printed)
        if status != block.status and not wrong:
            wrong = f"exit status {status}: {printed}"
        return f"$ {command}{wrong}" if wrong else ""

    def _python(self, block: Block) -> str:
        if name := _FILE.match(block.code):
            (self._folder / name[1]).write_text(block.code, encoding="utf-8")
            if block.printed is None:
                return ""
            program = block._replace(language="console")
            return self._command(
                program, f"{shlex.quote(sys.executable)} {name[1]}\n", block.printed
            )
        with contextlib.redirect_stdout(io.StringIO()) as told:
            exec(compile(block.code, f"line {block.line}", "exec"), self._names)
        return "" if block.printed is None else difference(block.printed, told.getvalue())


@contextmanager
def execution(folder: Path, newest_run: Callable[[], str]) -> Generator[Execution]:
    """Execute a page for the time of a block; see `Execution`."""
    made = Execution(folder, newest_run)
    try:
        yield made
    finally:
        made.close()


def faults_of(blocks: Sequence[Block], execution: Execution) -> str:
    """Execute blocks in their order; return what the first that differs from the page shows.

    Args:
        blocks: those to execute.
        execution: the page's.
    """
    for block in blocks:
        if wrong := execution.execute(block):
            return f"line {block.line}:\n{wrong}"
    return ""
