"""Look behind the faces of public classes."""

from __future__ import annotations

from taskfarm_sdk import Task, Worker
from taskfarm_sdk._protocol.operations import TaskRow
from taskfarm_sdk._worker.held_task import HeldTask
from taskfarm_sdk.worker import core_of


def open_task(worker: Worker, row: TaskRow) -> Task:
    """Return a task as a worker holds it that was handed out a row."""
    core = core_of(worker)
    return Task(HeldTask(row, core._terms, core.uuid))


def held(task: Task) -> HeldTask:
    """Return a worker's side of a task."""
    handle = task._handle
    assert isinstance(handle, HeldTask)
    return handle
