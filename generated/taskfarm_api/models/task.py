from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.task_status import TaskStatus, check_task_status

T = TypeVar("T", bound="Task")


@_attrs_define
class Task:
    """A task of a run. Its worker and its times are stored, but never shown.

    Attributes:
        id (int): The task's number on this server, among all runs. Calls take `task` instead.
        percent_completed (float | None): How far the task is, kept to the last digit as a double. From 0 to 100, unless
            some client sent something else: the server keeps any number and null. On SQLite a `NaN` comes back as null.
        status (TaskStatus): Where a task stands: to be handed out, handed out, or finished as somebody said. The server
            sets only `computing`, and `waiting` on a restart; all else is what clients wrote.
        task (int): The task's number in its run, from 0.
    """

    id: int
    percent_completed: float | None
    status: TaskStatus
    task: int

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        percent_completed: float | None
        percent_completed = self.percent_completed

        status: str = self.status

        task = self.task

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "id": id,
                "percentCompleted": percent_completed,
                "status": status,
                "task": task,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        def _parse_percent_completed(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        percent_completed = _parse_percent_completed(d.pop("percentCompleted"))

        status = check_task_status(d.pop("status"))

        task = d.pop("task")

        task = cls(
            id=id,
            percent_completed=percent_completed,
            status=status,
            task=task,
        )

        return task
