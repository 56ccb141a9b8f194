"""serveTF as a user starts it: a process of its own, watched over its stderr."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.processes import NET_S, Process, everybody, members
from tests.support.said import Said

COMMAND = (sys.executable, "-m", "taskfarm_cli.serve")


class ServeTF:
    """A serveTF that is running.

    Attributes:
        lines: what it said so far.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._said = Said(process)
        self.kill = self._said.kill

    @property
    def pid(self) -> int:
        """The process that the user knows."""
        return self.process.pid

    @property
    def text(self) -> str:
        """What it said so far, as one text."""
        return "\n".join(self.lines)

    @property
    def url(self) -> str:
        """What it said that it listens on."""
        found = re.search(r"listens on (\S+)", self.text)
        assert found, self.text
        return found[1]

    def says(self, text: str) -> str:
        """Return its first line with a text, waiting for it."""
        while True:
            line = next((line for line in self.lines if text in line), None)
            if line is not None:
                return line
            new = self._said.next_line()
            assert new is not None, f"it never said {text!r}, but:\n{self.text}"
            self.lines.append(new)

    def server(self) -> list[Process]:
        """Return the server's processes, gunicorn's master first."""
        children = [process for process in everybody() if process.parent == self.pid]
        return [process for child in children for process in members(child.pid)]

    def end(self, number: int) -> int:
        """Send a signal, see that nothing is left when it has ended, and return its status."""
        server = self.server()
        self.process.send_signal(number)
        status = self.process.wait(NET_S)
        while (line := self._said.next_line()) is not None:
            self.lines.append(line)
        assert server
        assert not [one for one in server if members(one.group)]
        return status


@contextmanager
def serving(
    *options: object, program: Sequence[str] = COMMAND, **environment: str
) -> Iterator[ServeTF]:
    """Run serveTF on a free port until the block ends; it is ready when that begins."""
    with subprocess.Popen(
        [*program, *_words(("--port", 0, *options))],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    ) as process:
        serve = ServeTF(process)
        try:
            serve.says("ends it")
            yield serve
        finally:
            serve.kill()


def failing(*options: object, **environment: str) -> tuple[int, str]:
    """Run a serveTF that cannot start, and return its exit status and its one line."""
    done = subprocess.run(
        [*COMMAND, *_words(options)],
        capture_output=True,
        text=True,
        timeout=NET_S,
        check=False,
        env={**os.environ, **environment},
    )
    assert done.stdout == ""
    assert done.stderr.startswith("serveTF: "), done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    return done.returncode, done.stderr.removeprefix("serveTF: ").rstrip("\n")


def _words(options: Iterable[object]) -> list[str]:
    return list(map(str, options))


def administering(
    *options: object, typed: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a serveTF that changes users or the key, with a pipe as its stdin.

    Args:
        options: its options.
        typed: what the pipe contains.
        environment: what is set beside this process's own environment.
    """
    done = subprocess.run(
        [*COMMAND, *_words(options)],
        input=typed,
        capture_output=True,
        text=True,
        timeout=NET_S,
        check=False,
        env={**os.environ, **environment},
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def snapshot(folder: Path) -> dict[str, tuple[int, bytes | None]]:
    """Return the mode and the bytes of all that is in a folder."""
    return {
        str(path.relative_to(folder)): (
            path.stat().st_mode,
            path.read_bytes() if path.is_file() else None,
        )
        for path in sorted(folder.rglob("*"))
    }
