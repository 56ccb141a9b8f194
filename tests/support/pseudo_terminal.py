"""A command at a real pseudo-terminal: what a person would see, and keys that they would press."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import IO, Self

from tests.support.manage_tf import MANAGE
from tests.support.processes import NET_S

# Takes the terminal as its own, so that Ctrl-C reaches it, and becomes the command.
BECOME = (
    "import fcntl, os, sys, termios; fcntl.ioctl(int(sys.argv.pop(1)), termios.TIOCSCTTY, 0); "
    "os.execvp(sys.argv[1], sys.argv[1:])"
)
CTRL_C = "\x03"
CTRL_D = "\x04"
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


class PseudoTerminal:
    """A running manageTF whose stdin, stdout and stderr are a terminal.

    Args:
        words: its arguments.
        environment: what is set beside this process's own environment.
        columns: how wide the terminal is.
        streams: other files for some of the three.
        program: what runs, in the place of manageTF.
    """

    def __init__(
        self,
        words: Sequence[str],
        environment: Mapping[str, str],
        *,
        columns: int = 80,
        streams: Mapping[str, IO[str] | int] | None = None,
        program: Sequence[str] = MANAGE,
    ) -> None:
        self._master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (24, columns))
        self._seen = b""
        used: dict[str, IO[str] | int] = {
            "stdin": slave,
            "stdout": slave,
            "stderr": slave,
            **(streams or {}),
        }
        own = next(number for number, file in enumerate(used.values()) if file == slave)
        inherited = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-c", BECOME, str(own), *program, *words],
                env={**inherited, **environment},
                start_new_session=True,
                stdin=used["stdin"],
                stdout=used["stdout"],
                stderr=used["stderr"],
            )
        finally:
            os.close(slave)

    def press(self, text: str) -> None:
        """Press keys."""
        os.write(self._master, text.encode())

    def expect(self, pattern: str) -> None:
        """Wait until the text shown so far matches."""
        deadline = time.monotonic() + NET_S
        while not re.search(pattern, self.text):
            assert self._read(deadline), f"no {pattern!r} in {self.text!r}"

    def end(self) -> int:
        """Wait until the command has ended, and return its exit status."""
        deadline = time.monotonic() + NET_S
        while self._read(deadline):
            pass
        return self.process.wait(max(1.0, deadline - time.monotonic()))

    @property
    def raw(self) -> str:
        """All that was written to the terminal."""
        return self._seen.decode(errors="replace").replace("\r\n", "\n")

    @property
    def text(self) -> str:
        """The same without escape sequences."""
        return ESCAPES.sub("", self.raw)

    def _read(self, deadline: float) -> bool:
        """Read what comes next; False when the terminal is closed or time is up."""
        ready, _, _ = select.select([self._master], [], [], max(0.0, deadline - time.monotonic()))
        try:
            some = os.read(self._master, 65536) if ready else b""
        except OSError:  # how Linux says that nobody has the other end open any more
            some = b""
        self._seen += some
        return bool(some)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._master)
