from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="Worker")


@_attrs_define
class Worker:
    """A worker that is known.

    Attributes:
        id (int): The worker's number on this server. Calls take the uuid instead.
        uuid (str): The uuid as it was sent.
    """

    id: int
    uuid: str

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        uuid = self.uuid

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "id": id,
                "uuid": uuid,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        uuid = d.pop("uuid")

        worker = cls(
            id=id,
            uuid=uuid,
        )

        return worker
