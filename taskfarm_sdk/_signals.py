"""How a worker's process ends when a signal asks for it: after its tasks are given back.

SIGTERM, SIGINT and SIGUSR1 (which batch systems send before a time limit) stop the worker and,
when its grace is over, raise in the main thread, so that `with task:` and `with worker:` give back
what is open. The handler that was there before is called too, and put back on leaving.
"""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

import attrs

ASKING = tuple(
    getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGUSR1") if hasattr(signal, name)
)
STATUS_OF_SIGNALS = 128  # what shells add to a signal's number

Handler = Callable[[int, FrameType | None], Any] | int | signal.Handlers | None


@attrs.define
class Ending:
    """Handles signals from `install` to `remove`, in the main thread; elsewhere there are none.

    Attributes:
        stop: called at once when a signal comes.
        grace_s: how long what is being computed may go on then.
    """

    stop: Callable[[], None]
    grace_s: float
    _before: dict[int, Handler] = attrs.field(factory=dict[int, Handler], init=False)
    _pid: int = attrs.field(default=0, init=False)
    _asked_by: int | None = attrs.field(default=None, init=False)
    _timer: threading.Timer | None = attrs.field(default=None, init=False)

    def install(self) -> None:
        """Handle the signals, but for those that the process was told to ignore."""
        if threading.current_thread() is not threading.main_thread():
            return
        self._pid = os.getpid()
        for number in ASKING:
            before = signal.getsignal(number)
            if before is not signal.SIG_IGN:
                self._before[number] = before
                signal.signal(number, self._handle)

    def remove(self) -> None:
        """Put back what was there, where nobody else has put something else meanwhile.

        Raises:
            SystemExit: a signal came, and its grace was long enough for what was computed.
        """
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join()
        for number, before in self._before.items():
            if signal.getsignal(number) == self._handle:
                signal.signal(number, signal.SIG_DFL if before is None else before)
        self._before.clear()
        if self._asked_by is not None:
            raise SystemExit(STATUS_OF_SIGNALS + self._asked_by)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() != self._pid:
            # A forked child is not the worker: it ends as it would have without one.
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
            return
        self.stop()
        if self._asked_by is None and self.grace_s > 0:
            self._asked_by = number
            self._timer = threading.Timer(self.grace_s, self._again, [number])
            self._timer.name = "taskfarm-grace"
            self._timer.daemon = True
            self._timer.start()
            return
        self._asked_by = None
        before = self._before.get(number)
        if callable(before):
            before(number, frame)
        raise SystemExit(STATUS_OF_SIGNALS + number)

    def _again(self, number: int) -> None:
        main = threading.main_thread().ident
        if sys.platform == "win32" or main is None:
            _thread.interrupt_main(signal.Signals(number))
        else:
            # This one also ends a call of the operating system that the main thread waits in.
            signal.pthread_kill(main, number)
