from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

T = TypeVar("T", bound="Run")


@_attrs_define
class Run:
    """A run as it was made.

    Attributes:
        id (int): The run's number on this server. Calls take the uuid instead.
        num_tasks (float | int | None | str): How many tasks the run has. A whole number of at least 1, unless some
            client sent something else: the server keeps 0, negative numbers and null, on SQLite also fractions, text and
            `Infinity`.
        uuid (str): What calls know the run by, 32 hexadecimal digits without dashes.
    """

    id: int
    num_tasks: float | int | None | str
    uuid: str

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        num_tasks: float | int | None | str
        num_tasks = self.num_tasks

        uuid = self.uuid

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "id": id,
                "numTasks": num_tasks,
                "uuid": uuid,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        def _parse_num_tasks(data: object) -> float | int | None | str:
            if data is None:
                return data
            return cast(float | int | None | str, data)

        num_tasks = _parse_num_tasks(d.pop("numTasks"))

        uuid = d.pop("uuid")

        run = cls(
            id=id,
            num_tasks=num_tasks,
            uuid=uuid,
        )

        return run
