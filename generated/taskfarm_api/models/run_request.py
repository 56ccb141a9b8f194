from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="RunRequest")


@_attrs_define
class RunRequest:
    """What a new run is made from.

    Attributes:
        num_tasks (int): How many tasks the run has. The server does not check it: it takes nonsense, keeps it, and
            shows it to everybody. PostgreSQL rounds fractions, and what it cannot store at all, text or a number past the
            maximum, is a 500.
    """

    num_tasks: int

    def to_dict(self) -> dict[str, Any]:
        num_tasks = self.num_tasks

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "numTasks": num_tasks,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        num_tasks = d.pop("numTasks")

        run_request = cls(
            num_tasks=num_tasks,
        )

        return run_request
