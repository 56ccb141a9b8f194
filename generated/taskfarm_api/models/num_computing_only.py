from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="NumComputingOnly")


@_attrs_define
class NumComputingOnly:
    """The reply to `get_run` with `info=numComputing`.

    Attributes:
        num_computing (int): How many tasks were handed out and are not done, whether or not anybody still computes
            them.
    """

    num_computing: int

    def to_dict(self) -> dict[str, Any]:
        num_computing = self.num_computing

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "numComputing": num_computing,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        num_computing = d.pop("numComputing")

        num_computing_only = cls(
            num_computing=num_computing,
        )

        return num_computing_only
