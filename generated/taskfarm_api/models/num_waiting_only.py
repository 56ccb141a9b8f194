from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="NumWaitingOnly")


@_attrs_define
class NumWaitingOnly:
    """The reply to `get_run` with `info=numWaiting`.

    Attributes:
        num_waiting (int): How many tasks exist and wait. Those that nobody touched yet do not exist, and are not
            counted: what truly waits is `numTasks - numComputing - numDone`.
    """

    num_waiting: int

    def to_dict(self) -> dict[str, Any]:
        num_waiting = self.num_waiting

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "numWaiting": num_waiting,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        num_waiting = d.pop("numWaiting")

        num_waiting_only = cls(
            num_waiting=num_waiting,
        )

        return num_waiting_only
