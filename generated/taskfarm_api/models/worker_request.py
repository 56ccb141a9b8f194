from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="WorkerRequest")


@_attrs_define
class WorkerRequest:
    """Who a worker is.

    Attributes:
        hostname (str): The machine it runs on. Stored, never shown, so null is taken too. PostgreSQL stores no NUL
            character: a 500.
        pid (int): Its process id there. Stored, never shown, so null is taken too.
        uuid (str): A name of its own choice that no worker of this server ever had; a random uuid does. Null is taken
            too, from any number of workers. PostgreSQL stores no NUL character: a 500.
    """

    hostname: str
    pid: int
    uuid: str

    def to_dict(self) -> dict[str, Any]:
        hostname = self.hostname

        pid = self.pid

        uuid = self.uuid

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "hostname": hostname,
                "pid": pid,
                "uuid": uuid,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        hostname = d.pop("hostname")

        pid = d.pop("pid")

        uuid = d.pop("uuid")

        worker_request = cls(
            hostname=hostname,
            pid=pid,
            uuid=uuid,
        )

        return worker_request
