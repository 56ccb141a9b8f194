"""Receive signals in a background thread while the main thread runs C code.

Python runs a signal's handler in the main thread when that thread executes Python code again, which
can be seconds later. Its C code writes a byte for each signal at once. A thread that reads these
bytes learns of the signal, unless the C code of the main thread holds the GIL.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

from taskfarm_sdk._processes.forks import at_forks, forget

NO_SIGNAL = 0


class SignalReader:
    """Read the byte that Python writes for each signal, until `close`.

    Create it in the main thread. The previous wakeup descriptor still receives all bytes.

    Args:
        hear: called in a thread with the numbers of the received signals: after signals, after
            `poke`, and after the seconds that it returned, unless it returned None.
    """

    def __init__(self, hear: Callable[[list[int]], float | None]) -> None:
        self._hear = hear
        self._read, self._write = socket.socketpair()
        self._write.setblocking(False)
        self._before = signal.set_wakeup_fd(self._write.fileno(), warn_on_full_buffer=False)
        self._thread = threading.Thread(target=self._run, name="taskfarm-signals", daemon=True)
        self._thread.start()
        self._is_held_back = False
        at_forks(
            self,
            before=SignalReader._before_fork,
            in_parent=SignalReader._after_fork_in_parent,
            in_child=SignalReader._after_fork_in_child,
        )

    def poke(self) -> None:
        """Make the thread call `hear`."""
        with suppress(OSError):
            self._write.send(bytes([NO_SIGNAL]))

    def close(self) -> None:
        """Restore the previous descriptor, and return when the thread has ended."""
        if self._write.fileno() < 0:
            return
        self._replace(self._before)
        # Ends the read even if a child has a copy of this end.
        self._write.shutdown(socket.SHUT_WR)
        self._thread.join()
        self._close_sockets()

    def _before_fork(self) -> None:
        """Stop reading, so that the child's first signals do not arrive here too."""
        # Python allows this only in the main thread; a fork in another one leaves a short gap.
        if threading.current_thread() is threading.main_thread():
            self._is_held_back = self._replace(-1)

    def _after_fork_in_parent(self) -> None:
        """Start reading again."""
        if self._is_held_back:
            self._is_held_back = False
            signal.set_wakeup_fd(self._write.fileno(), warn_on_full_buffer=False)

    def _after_fork_in_child(self) -> None:
        """Disconnect from the parent's thread, which must not receive the child's signals."""
        if self._write.fileno() >= 0:
            self._after_fork_in_parent()
            self._replace(self._before)
            self._close_sockets()

    def _replace(self, other: int) -> bool:
        """Replace the wakeup descriptor if it is this reader's; return whether it was."""
        now = signal.set_wakeup_fd(other, warn_on_full_buffer=False)
        if now != self._write.fileno():
            signal.set_wakeup_fd(now)  # other code has replaced it meanwhile
            return False
        return True

    def _close_sockets(self) -> None:
        forget(self)
        self._write.close()
        self._read.close()

    def _run(self) -> None:
        left_s: float | None = None
        while (came := self._receive(left_s)) != b"":
            if came and self._before >= 0:
                with suppress(OSError):
                    os.write(self._before, came)
            left_s = self._hear([number for number in came or b"" if number != NO_SIGNAL])

    def _receive(self, within_s: float | None) -> bytes | None:
        # A time-out of 0 makes the socket non-blocking, which raises without data.
        self._read.settimeout(None if within_s is None else max(within_s, 0.001))
        try:
            return self._read.recv(4096)
        except TimeoutError:
            return None
