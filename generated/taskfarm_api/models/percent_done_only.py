from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="PercentDoneOnly")


@_attrs_define
class PercentDoneOnly:
    """The reply to `get_run` with `info=percentDone`.

    Attributes:
        percent_done (float): The sum of all tasks' percentages over `numTasks`, whatever their status. Odd percentages
            pass through: it can lie outside 0 to 100 and be `Infinity` or `NaN` (on SQLite only if `numTasks` is `Infinity`
            too). It is 0 where it cannot be reckoned.
    """

    percent_done: float

    def to_dict(self) -> dict[str, Any]:
        percent_done = self.percent_done

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "percentDone": percent_done,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        percent_done = d.pop("percentDone")

        percent_done_only = cls(
            percent_done=percent_done,
        )

        return percent_done_only
