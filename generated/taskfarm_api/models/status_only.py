from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..models.task_status import TaskStatus, check_task_status

T = TypeVar("T", bound="StatusOnly")


@_attrs_define
class StatusOnly:
    """The reply to `get_task` with `info=status`.

    Attributes:
        status (TaskStatus): Where a task stands: to be handed out, handed out, or finished as somebody said. The server
            sets only `computing`, and `waiting` on a restart; all else is what clients wrote.
    """

    status: TaskStatus

    def to_dict(self) -> dict[str, Any]:
        status: str = self.status

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "status": status,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        status = check_task_status(d.pop("status"))

        status_only = cls(
            status=status,
        )

        return status_only
