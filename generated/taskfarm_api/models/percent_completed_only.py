from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

T = TypeVar("T", bound="PercentCompletedOnly")


@_attrs_define
class PercentCompletedOnly:
    """The reply to `get_task` with `info=percentCompleted`.

    Attributes:
        percent_completed (float | None): How far the task is, kept to the last digit as a double. From 0 to 100, unless
            some client sent something else: the server keeps any number and null. On SQLite a `NaN` comes back as null.
    """

    percent_completed: float | None

    def to_dict(self) -> dict[str, Any]:
        percent_completed: float | None
        percent_completed = self.percent_completed

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "percentCompleted": percent_completed,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_percent_completed(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        percent_completed = _parse_percent_completed(d.pop("percentCompleted"))

        percent_completed_only = cls(
            percent_completed=percent_completed,
        )

        return percent_completed_only
