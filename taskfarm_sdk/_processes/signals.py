"""Handle the signals that ask a worker to end: release its tasks first.

SIGTERM, SIGINT and SIGUSR1 (which batch systems send before a time limit) stop the worker and,
when its grace is over, raise in the main thread, so that `with task:` and `with worker:` give back
what is open. The handler that was there before is called too, and put back on leaving. SIGHUP
(a terminal or connection is gone), SIGUSR2 and SIGXCPU do so where they would end the process.

While the main thread runs C code, Python runs no handler. A thread still receives the signal, gives
the tasks back instead, and ends the process if the main thread still does not respond.
"""

from __future__ import annotations

import _thread
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import FrameType
from typing import Any, NoReturn

import attrs

from taskfarm_sdk._processes.forks import renew_in_children
from taskfarm_sdk._processes.signal_reader import SignalReader


def _there(*names: str) -> tuple[signal.Signals, ...]:
    return tuple(getattr(signal, name) for name in names if hasattr(signal, name))


# Windows lacks most of these.
ASKING = _there("SIGTERM", "SIGINT", "SIGUSR1")
# A handler of the user's own, or ignoring it as nohup does, means that they ask for something else.
ASKING_BY_DEFAULT = _there("SIGHUP", "SIGUSR2", "SIGXCPU")
ALL_ASKING = ASKING + ASKING_BY_DEFAULT
# These end a process, or a generator, if no code handles them.
ENDING = (KeyboardInterrupt, SystemExit, GeneratorExit)
STATUS_OF_SIGNALS = 128  # what shells add to a signal's number
# A handler that is so much late is assumed to wait for C code.
LATE_S = 0.3
# For so long the main thread may still end the process in its own way.
LEEWAY_S = 1.0
FLUSH_S = 1.0

Handler = Callable[[int, FrameType | None], Any] | int | signal.Handlers | None


@attrs.define(eq=False)
class SignalHandling:
    """Handles signals from `install` to `remove`, in the main thread; does nothing in others.

    Attributes:
        stop: called at once when a signal comes.
        give_back: gives open tasks back, in a thread, where the main thread cannot; never raises.
        grace_s: how long open tasks may go on computing then.
    """

    stop: Callable[[], None]
    give_back: Callable[[], None]
    grace_s: float
    _before: dict[int, Handler] = attrs.field(factory=dict[int, Handler], init=False)
    _pid: int = attrs.field(default=0, init=False)
    _signal_reader: SignalReader | None = attrs.field(default=None, init=False)
    # What the handler knows, and then what the thread does.
    _asked_by: int | None = attrs.field(default=None, init=False)
    _raised: threading.Event = attrs.field(factory=threading.Event, init=False)
    _heard: list[int] = attrs.field(factory=list[int], init=False)
    _over_at: float | None = attrs.field(default=None, init=False)
    _is_over: bool = attrs.field(default=False, init=False)

    def install(self) -> None:
        """Handle the signals, but for those that the process was told to ignore."""
        if threading.current_thread() is not threading.main_thread():
            return
        self._pid = os.getpid()
        for number in ALL_ASKING:
            before = signal.getsignal(number)
            if before not in (signal.SIG_IGN, self._handle) and (
                number in ASKING or before == signal.SIG_DFL
            ):
                self._before[number] = before
                signal.signal(number, self._handle)
        self._signal_reader = SignalReader(self._hear)
        renew_in_children(self)

    def after_fork(self) -> None:
        """Leave a forked child as it would be without a worker.

        Python's handlers miss a signal that comes just as a call of the system begins to wait, and
        a pool sends one to each of its children, and then waits for them.
        """
        self._put_back()

    def remove(self) -> None:
        """Put back the earlier handlers, unless other code has replaced these meanwhile.

        Raises:
            SystemExit: a signal came, and its grace was long enough for what was computed.
            BaseException: what an earlier handler raises, such as KeyboardInterrupt.
        """
        before = dict(self._before)
        try:
            if self._signal_reader is not None:
                self._signal_reader.close()
        finally:
            self._put_back()
        if self._asked_by is not None:
            self._raise(self._asked_by, before.get(self._asked_by), None)

    def _put_back(self) -> None:
        for number, before in self._before.items():
            if signal.getsignal(number) == self._handle:
                signal.signal(number, signal.SIG_DFL if before is None else before)
        self._before.clear()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() != self._pid:
            # A child that was forked this moment is not the worker.
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
            return
        self.stop()
        if self._asked_by is None and self.grace_s > 0 and not self._is_over:
            self._asked_by = number
            self._begin_grace()
            return
        self._asked_by = None
        self._raised.set()
        self._raise(number, self._before.get(number), frame)

    @staticmethod
    def _raise(number: int, before: object, frame: FrameType | None) -> NoReturn:
        """End as the earlier handler does, or else by a status that names the signal."""
        if callable(before):
            before(number, frame)
        raise SystemExit(STATUS_OF_SIGNALS + number)

    def _begin_grace(self) -> None:
        # The thread may have missed it: an event loop replaces it as the receiver.
        if self._over_at is None:
            self._over_at = time.monotonic() + self.grace_s
        if self._signal_reader is not None:
            self._signal_reader.poke()

    def _hear(self, numbers: list[int]) -> float | None:
        """Do what is due by now, in the thread; return after how long something else may be."""
        now = time.monotonic()
        for number in numbers:
            if number in self._before:
                self.stop()
                if self._over_at is None:
                    self._over_at = now + self.grace_s
                elif self._heard:
                    self._over_at = min(self._over_at, now)
                self._heard.append(number)
        if self._over_at is None or self._raised.is_set():
            return None
        if now < self._over_at:
            return self._over_at - now
        if not self._is_over:
            self._is_over = True
            self._again()
        if now < self._over_at + LATE_S:
            return self._over_at + LATE_S - now
        self._end()
        return None

    @property
    def _number(self) -> int:
        return self._heard[0] if self._heard else self._asked_by or signal.SIGTERM

    def _again(self) -> None:
        """Have the handler run once more, now that the grace is over."""
        if self.grace_s == 0:
            return
        main = threading.main_thread().ident
        if sys.platform == "win32" or main is None:
            _thread.interrupt_main(signal.Signals(self._number))
        else:
            # This one also ends a call of the operating system that the main thread waits in.
            signal.pthread_kill(main, self._number)

    def _end(self) -> None:
        self.give_back()
        if self._raised.wait(LEEWAY_S):
            return  # the main thread is on its way out
        # It may hold the lock of a stream or a log, so nothing waits for it for ever.
        flushing = threading.Thread(target=_flush, name="taskfarm-flush", daemon=True)
        flushing.start()
        flushing.join(FLUSH_S)
        os._exit(STATUS_OF_SIGNALS + self._number)


def ends_process(error: BaseException, *, stopping: bool) -> bool:
    """Return whether an exception asks the task to end, and is no failure of the task.

    Args:
        error: what was raised.
        stopping: whether a signal or the caller has asked for the end before.
    """
    if isinstance(error, (KeyboardInterrupt, GeneratorExit)):
        return True
    if isinstance(error, SystemExit):
        return stopping or _came_by_signal(error)
    # asyncio turns Ctrl-C into this one.
    asyncio = sys.modules.get("asyncio")
    return stopping and asyncio is not None and isinstance(error, asyncio.CancelledError)


def _came_by_signal(error: BaseException) -> bool:
    """Return whether a handler of the user's own raised it: its frame is in the traceback then."""
    handlers = {_code(signal.getsignal(number)) for number in signal.valid_signals()} - {None}
    frames = error.__traceback__
    while frames is not None:
        if frames.tb_frame.f_code in handlers:
            return True
        frames = frames.tb_next
    return False


def _code(handler: Handler) -> object:
    while isinstance(handler, partial):
        handler = handler.func
    if callable(handler) and not hasattr(handler, "__code__"):
        handler = getattr(handler, "__func__", None) or type(handler).__call__
    return getattr(handler, "__code__", None)


def _flush() -> None:
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
