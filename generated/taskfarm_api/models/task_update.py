from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..models.task_status import TaskStatus, check_task_status
from ..types import UNSET, Unset

T = TypeVar("T", bound="TaskUpdate")


@_attrs_define
class TaskUpdate:
    """What to write to a task, one of the two at least. A status of null is taken too, and makes every reading of the task
    a 500 until a status is written or the run restarted.

        Attributes:
            percent_completed (float | Unset): How far the task is. The server does not check it: 250, null and `NaN` are
                taken, and spoil the run's `percentDone`. Without a status, the status stays.
            status (TaskStatus | Unset): Where a task stands: to be handed out, handed out, or finished as somebody said.
                The server sets only `computing`, and `waiting` on a restart; all else is what clients wrote.
    """

    percent_completed: float | Unset = UNSET
    status: TaskStatus | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        percent_completed = self.percent_completed

        status: str | Unset = UNSET
        if not isinstance(self.status, Unset):
            status = self.status

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if percent_completed is not UNSET:
            field_dict["percentCompleted"] = percent_completed
        if status is not UNSET:
            field_dict["status"] = status

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        percent_completed = d.pop("percentCompleted", UNSET)

        _status = d.pop("status", UNSET)
        status: TaskStatus | Unset
        if isinstance(_status, Unset):
            status = UNSET
        else:
            status = check_task_status(_status)

        task_update = cls(
            percent_completed=percent_completed,
            status=status,
        )

        return task_update
