from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="ClaimRequest")


@_attrs_define
class ClaimRequest:
    """Who asks for a task.

    Attributes:
        worker_uuid (str): The uuid under which the worker was registered; an unknown one is a 404. Null is taken if a
            worker was registered with null.
    """

    worker_uuid: str

    def to_dict(self) -> dict[str, Any]:
        worker_uuid = self.worker_uuid

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "worker_uuid": worker_uuid,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        worker_uuid = d.pop("worker_uuid")

        claim_request = cls(
            worker_uuid=worker_uuid,
        )

        return claim_request
