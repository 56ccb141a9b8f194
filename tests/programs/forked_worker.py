"""A program whose forked child leaves its parent's worker alone: started by test_sharing.

Told the farm's url, user and password; its exit status is 0 if all went well.
"""

from __future__ import annotations

import os
import signal
import sys
import warnings

from taskfarm_sdk import Farm, Worker
from taskfarm_sdk.worker import core_of
from tests.support.told import told

# Ends a child that hangs: its parent's own net is longer, and tells what it said.
NET_S = 50


def in_a_child(worker: Worker) -> int:
    """Use the parent's worker: leave what is open alone, and be handed out a task of its own."""
    if core_of(worker).ledger._open:
        return 1
    with worker:
        task = worker.claim()
        if task is None or task.number != 1:
            return 2
        task.complete()
    return 0


def main() -> int:
    """Hold a task, and the worker's lock, over a fork."""
    # From 3.12 on Python warns of a fork beside threads, which is what is tested.
    warnings.simplefilter("ignore", DeprecationWarning)
    with Farm(**told(dict)) as farm:
        run = farm.create_run(2)
        with run.worker() as worker:
            task = worker.claim()
            assert task is not None
            with core_of(worker).ledger._lock:
                pid = os.fork()
                if pid == 0:
                    signal.alarm(NET_S)
                    os._exit(in_a_child(worker))
            _, status = os.waitpid(pid, 0)
            assert run.task_info(task.number).state == "computing"
            task.complete()
        assert run.wait(check=True).succeeded
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main())
