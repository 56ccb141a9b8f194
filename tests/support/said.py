"""What a program writes to its stderr, line by line while it runs."""

from __future__ import annotations

import queue
import subprocess
import threading

from tests.support.processes import NET_S


class Said:
    """The lines of a program's stderr, as they come.

    Args:
        process: the program, whose stderr is a pipe of text that nobody else reads.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._new: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def next_line(self) -> str | None:
        """Return the next line, waiting for it; None at the end."""
        return self._new.get(timeout=NET_S)

    def kill(self) -> None:
        """Kill the program, and wait for the end of its output, which is not to be closed before.

        A reader that met a closed file would fail whatever test runs by then.
        """
        self._process.kill()
        self._reader.join(NET_S)

    def _read(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._new.put(line.rstrip("\n"))
        self._new.put(None)
