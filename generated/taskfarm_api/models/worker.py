from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

T = TypeVar("T", bound="Worker")


@_attrs_define
class Worker:
    """A worker that is known.

    Attributes:
        id (int): The worker's number on this server. Calls take the uuid instead.
        uuid (None | str): The uuid as it was sent, which the server does not check: a client that sent null gets null,
            and is then known as `worker_uuid` null. SQLite also keeps any text, and turns numbers into text.
    """

    id: int
    uuid: None | str

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        uuid: None | str
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

        def _parse_uuid(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        uuid = _parse_uuid(d.pop("uuid"))

        worker = cls(
            id=id,
            uuid=uuid,
        )

        return worker
