"""Send several requests at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from itertools import islice
from typing import TypeVar

# As many as the SDK sends at a time when it reads tasks.
AT_ONCE = 8

T = TypeVar("T")
R = TypeVar("R")


def for_each(ask: Callable[[T], R], things: Iterable[T], keep: Callable[[R], None]) -> None:
    """Ask for each of some things, several at a time.

    Args:
        ask: asks for one, in a thread.
        things: the things.
        keep: is given each answer, one at a time, in no set order.

    Raises:
        Exception: the first error of `ask` or `keep`; nothing more is asked for then.
    """
    left = iter(things)
    lock = threading.Lock()
    errors: list[BaseException] = []

    def next_one() -> list[T]:
        with lock:
            return [] if errors else list(islice(left, 1))

    def work() -> None:
        try:
            while found := next_one():
                answer = ask(found[0])
                with lock:
                    keep(answer)
        except BaseException as error:  # noqa: BLE001 - raised below, where it is waited for
            errors.append(error)

    # Daemon threads, and not joined after Ctrl-C, which ends the command while requests are sent.
    threads = [
        threading.Thread(target=work, name=f"taskfarm-ask-{number}", daemon=True)
        for number in range(AT_ONCE)
    ]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    except BaseException as error:
        errors.append(error)
        raise
    if errors:
        raise errors[0]
