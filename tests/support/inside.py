"""Look behind the faces of public classes."""

from __future__ import annotations

from taskfarm_sdk import Task
from taskfarm_sdk._held_task import HeldTask


def held(task: Task) -> HeldTask:
    """Return a worker's side of a task."""
    handle = task._handle
    assert isinstance(handle, HeldTask)
    return handle
