"""Do to a run what a reader has confirmed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from taskfarm_cli.common import run_files
from taskfarm_cli.common.guard import complain
from taskfarm_cli.common.text import counted
from taskfarm_cli.view.arguments import PROGRAM
from taskfarm_cli.view.scans import TaskScan

if TYPE_CHECKING:
    from taskfarm_cli.view.observer import Observer
    from taskfarm_sdk import Farm


class Steering:
    """What readers do to runs; each method waits for the server.

    Args:
        farm: the server.
        observer: told what has changed.
    """

    def __init__(self, farm: Farm, observer: Observer) -> None:
        self._farm = farm
        self._observer = observer
        self._scan: TaskScan | None = None
        self._begin = threading.Lock()

    def do(self, action: str, uuid: str) -> str:
        """Do one of the actions, and return what was done in a sentence.

        Raises:
            TaskfarmError: it was not done, or it is unknown whether it was.
        """
        does = {
            "reset": self._reset,
            "reset-failed": self._reset_failed,
            "delete": self._delete,
            "scan": self._begin_scan,
            "stop-scan": self._stop_scan,
        }
        try:
            return does[action](uuid)
        finally:
            self._observer.read_again(uuid)

    def is_reading(self, uuid: str) -> bool:
        """Return whether the tasks of a run are being read."""
        record = self._observer.record(uuid)
        return record is not None and record.is_being_scanned

    def end(self) -> None:
        """End what goes on."""
        if self._scan is not None:
            self._scan.stop()

    def _reset(self, uuid: str) -> str:
        try:
            self._farm.get_run(uuid).reset()
        finally:
            _say(run_files.reopen(uuid))
            self._observer.drop_scan(uuid)
        return "All tasks that were not completed wait again."

    def _reset_failed(self, uuid: str) -> str:
        try:
            number = self._farm.get_run(uuid).reset_failed()
        finally:
            _say(run_files.reopen(uuid))
            self._observer.drop_scan(uuid)
        return f"{counted(number, 'failed task')} set waiting."

    def _delete(self, uuid: str) -> str:
        self._farm.get_run(uuid).delete()
        _say(run_files.forget(uuid))
        self._observer.drop_scan(uuid)
        return "The run is deleted."

    def _begin_scan(self, uuid: str) -> str:
        # Of two browsers that ask at once, one begins.
        with self._begin:
            if self._scan is not None and self._scan.facts.is_running:
                return "The tasks of a run are being read already: wait for that, or stop it."
            run = self._farm.get_run(uuid)
            self._scan = TaskScan(run)
            self._observer.set_scan(uuid, self._scan)
            self._scan.start()
        return "The tasks are being read: the run's page shows how far."

    def _stop_scan(self, uuid: str) -> str:
        record = self._observer.record(uuid)
        scan = None if record is None else record.scan
        if scan is None:
            return "No tasks of this run are being read."
        scan.stop()
        return "The reading of the tasks ends."


def _say(fault: str | None) -> None:
    """Say what could not be noted, if there is anything."""
    if fault is not None:
        complain(PROGRAM, fault)
