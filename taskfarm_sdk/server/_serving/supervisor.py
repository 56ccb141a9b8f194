"""Keep one serving process alive: start it, pass signals on to it, and replace it if it is killed.

It is for SQLite, where two processes at once would break runs: the next one starts when the last
has ended. The process that watches imports nothing that serves, so it stays small.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import shutil
import signal
import socket
import sys
import time
from typing import TYPE_CHECKING, NoReturn

from .limits import GRACE_S

if TYPE_CHECKING:
    from collections.abc import Sequence

# What the serving process may take to end after its grace.
KILL_AFTER_S = GRACE_S + 2.0
_ENDING = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGQUIT})
_REFUSED = {
    signal.SIGHUP: "on SQLite, two processes at once break runs",
    signal.SIGTTIN: "on SQLite, two processes at once break runs",
    signal.SIGTTOU: "on SQLite, one process serves",
    signal.SIGUSR1: "there is no log file to open again",
    signal.SIGUSR2: "stop the server and start it again",
}


def keep_one_serving(parent: int, listeners: Sequence[int], remove: str | None) -> tuple[int, bool]:
    """Fork a process that serves, and return in it; this process itself never returns.

    It ends with the serving process's exit status: when that has ended after a signal to this one,
    or has failed. One that is killed once clients may connect is replaced.

    Args:
        parent: the pipe from the parent. Its bytes are passed on to the serving process; at its
            end all processes of the group are killed.
        listeners: the descriptors to serve on, closed here at the end so that no client waits.
        remove: a folder to remove when the parent has ended.

    Returns:
        The pipe from this process, as `parent` is one from its own; and whether the process that
        serves replaces another.
    """
    supervisor = _Supervisor(parent, listeners, remove)
    return supervisor.run(), supervisor.has_replaced


class _Supervisor:
    """The process that watches."""

    def __init__(self, parent: int, listeners: Sequence[int], remove: str | None) -> None:
        self.has_replaced = False
        self._parent = parent
        self._listeners = listeners
        self._remove = remove
        self._may_listen = False
        self._kill_at: float | None = None  # of time.monotonic(), once it is told to end
        self._child, self._pipe = -1, -1

    def run(self) -> int:
        """Watch until the serving process ends; return in a process that serves."""
        signals, woken = socket.socketpair()
        woken.setblocking(False)
        signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)
        for number in (*_ENDING, *_REFUSED, signal.SIGCHLD):
            signal.signal(number, _to_the_pipe)
        with selectors.DefaultSelector() as selector:
            selector.register(self._parent, selectors.EVENT_READ)
            selector.register(signals, selectors.EVENT_READ)
            if (pipe := self._fork()) is None:
                pipe = self._watch(selector, signals)
        # A process that serves.
        signals.close()
        woken.close()
        os.close(self._parent)
        return pipe

    def _fork(self) -> int | None:
        """Start a serving process; return its pipe in it, and None in this process."""
        ours, theirs = -1, -1
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            theirs, ours = os.pipe()
            self._child = os.fork()
            if self._child == 0:
                _forget_signals()
                os.close(ours)
                return theirs
            os.close(theirs)
            self._pipe = ours
            if self._may_listen:
                os.write(ours, b"\n")
            return None
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, [])

    def _watch(self, selector: selectors.BaseSelector, signals: socket.socket) -> int:
        while True:
            left_s = None if self._kill_at is None else self._kill_at - time.monotonic()
            if left_s is not None and left_s <= 0:
                os.kill(self._child, signal.SIGKILL)
                self._kill_at, left_s = time.monotonic() + KILL_AFTER_S, 0
            for key, _ in selector.select(left_s):
                if key.fd == self._parent:
                    self._heed_parent()
                    continue
                for number in signals.recv(4096):
                    self._heed(signal.Signals(number))
            # Not only at SIGCHLD, which the pipe may have lost when it was full.
            if (pipe := self._heed_child()) is not None:
                return pipe

    def _heed_parent(self) -> None:
        said = os.read(self._parent, 4096)
        if not said:
            # Not SIGTERM: without a parent, nothing would kill a server that does not end.
            os.kill(self._child, signal.SIGKILL)
            if self._remove is not None:
                os.waitpid(self._child, 0)  # it would write into the folder again
                shutil.rmtree(self._remove, ignore_errors=True)
            os.killpg(0, signal.SIGKILL)
        self._may_listen = True
        with contextlib.suppress(BrokenPipeError):  # it has died, and is replaced next
            os.write(self._pipe, said)

    def _heed(self, number: signal.Signals) -> None:
        if number in _REFUSED:
            tell("WARNING", f"{number.name} is ignored: {_REFUSED[number]}")
        elif number in _ENDING and self._kill_at is None:
            self._kill_at = time.monotonic() + KILL_AFTER_S
            for descriptor in self._listeners:
                os.close(descriptor)
            os.kill(self._child, signal.SIGTERM)

    def _heed_child(self) -> int | None:
        """Replace the serving process if it was killed; end if it has ended."""
        child, status = os.waitpid(self._child, os.WNOHANG)
        if child == 0:
            return None
        code = os.waitstatus_to_exitcode(status)
        if self._kill_at is not None:
            sys.exit(0)
        if code > 0 or not self._may_listen:
            _end_with(code)
        how = "has ended" if code == 0 else f"was killed by {signal.Signals(-code).name}"
        tell("ERROR", f"the serving process {child} {how}: it is replaced")
        os.close(self._pipe)
        self.has_replaced = True
        return self._fork()


def tell(level: str, text: str) -> None:
    """Write a line to the log, in gunicorn's format.

    Args:
        level: `WARNING` or `ERROR`.
        text: the message.
    """
    now = time.strftime("[%Y-%m-%d %H:%M:%S %z]")
    with contextlib.suppress(OSError):
        os.write(2, f"{now} [{os.getpid()}] [{level}] {text}\n".encode())


def _to_the_pipe(*_: object) -> None:
    """Leave the signal to the pipe of `set_wakeup_fd`, into which Python writes its number."""


def _forget_signals() -> None:
    """Let a serving process begin without this one's signal handlers."""
    signal.set_wakeup_fd(-1)
    for number in (*_ENDING, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    for number in _REFUSED:
        signal.signal(number, signal.SIG_IGN)


def _end_with(code: int) -> NoReturn:
    """End this process as its child has ended."""
    if code < 0:
        tell("ERROR", f"the serving process was killed by {signal.Signals(-code).name}")
    sys.exit(code if code > 0 else 1)
