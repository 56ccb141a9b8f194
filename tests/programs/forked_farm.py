"""A program whose forked children use its farm at once: started by test_sharing.

Told the farm's url, user and password. Prints one line a process: how many of its answers were
right; -1 where it failed otherwise. Its argument says what the parent does while it forks: "idle",
all children find the same open connections; "busy", its threads use the farm; "holding", it holds
the farm's locks, as a thread that was stopped at an unlucky moment would.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
import warnings
from contextlib import ExitStack

from taskfarm_sdk import Farm
from tests.support.told import told

CHILDREN = 4
QUESTIONS = 8
# Ends a child that hangs: its parent's own net is longer, and tells what it said.
NET_S = 50


def ask(farm: Farm, num_tasks: int) -> int:
    """Return how many answers were those to this process's own questions."""
    run = farm.create_run(num_tasks)
    right = sum(farm.get_run(run.uuid).num_tasks == num_tasks for _ in range(QUESTIONS))
    run.delete()
    return right


def child(farm: Farm, num_tasks: int) -> int:
    """Fork a child that asks, and return its pid."""
    pid = os.fork()
    if pid == 0:
        signal.alarm(NET_S)
        right = -1
        try:
            right = ask(farm, num_tasks)
        except BaseException:  # noqa: BLE001 - whatever it is, the child must end here
            traceback.print_exc()
        os.write(1, f"{right}\n".encode())
        os._exit(0)
    return pid


def main() -> None:
    """Fork children, and ask as they do."""
    # From 3.12 on Python warns of a fork beside threads, which is what is tested.
    warnings.simplefilter("ignore", DeprecationWarning)
    with Farm(**told(dict)) as farm:
        ask(farm, 1)
        stop = threading.Event()

        def keep_asking() -> None:
            while not stop.is_set():
                farm.runs()

        threads = [threading.Thread(target=keep_asking) for _ in range(3 * ("busy" in sys.argv))]
        for thread in threads:
            thread.start()
        with ExitStack() as held:
            if "holding" in sys.argv:
                held.enter_context(farm._link.wire.exclusive)
                held.enter_context(farm._link.wire._lock)
            children = [child(farm, 100 + number) for number in range(CHILDREN)]
        os.write(1, f"{ask(farm, 2)}\n".encode())
        for pid in children:
            os.waitpid(pid, 0)
        stop.set()
        for thread in threads:
            thread.join()


if __name__ == "__main__":
    main()
