from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="NumDoneOnly")


@_attrs_define
class NumDoneOnly:
    """The reply to `get_run` with `info=numDone`.

    Attributes:
        num_done (int): How many tasks were called done, at whatever percentage.
    """

    num_done: int

    def to_dict(self) -> dict[str, Any]:
        num_done = self.num_done

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "numDone": num_done,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        num_done = d.pop("numDone")

        num_done_only = cls(
            num_done=num_done,
        )

        return num_done_only
