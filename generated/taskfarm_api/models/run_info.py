from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

T = TypeVar("T", bound="RunInfo")


@_attrs_define
class RunInfo:
    """A run and the counts of its tasks.

    Attributes:
        id (int): The run's number on this server. Calls take the uuid instead.
        num_computing (int): How many tasks were handed out and are not done, whether or not anybody still computes
            them.
        num_done (int): How many tasks were called done, at whatever percentage.
        num_tasks (float | int | None | str): How many tasks the run has. A whole number of at least 1, unless some
            client sent something else: the server keeps 0, negative numbers and null, on SQLite also fractions, text and
            `Infinity`.
        num_waiting (int): How many tasks exist and wait. Those that nobody touched yet do not exist, and are not
            counted: what truly waits is `numTasks - numComputing - numDone`.
        percent_done (float): The sum of all tasks' percentages over `numTasks`, whatever their status. Odd percentages
            pass through: it can lie outside 0 to 100 and be `Infinity` or `NaN` (on SQLite only if `numTasks` is `Infinity`
            too). It is 0 where it cannot be reckoned.
        uuid (str): What calls know the run by, 32 hexadecimal digits without dashes.
    """

    id: int
    num_computing: int
    num_done: int
    num_tasks: float | int | None | str
    num_waiting: int
    percent_done: float
    uuid: str

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        num_computing = self.num_computing

        num_done = self.num_done

        num_tasks: float | int | None | str
        num_tasks = self.num_tasks

        num_waiting = self.num_waiting

        percent_done = self.percent_done

        uuid = self.uuid

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "id": id,
                "numComputing": num_computing,
                "numDone": num_done,
                "numTasks": num_tasks,
                "numWaiting": num_waiting,
                "percentDone": percent_done,
                "uuid": uuid,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        num_computing = d.pop("numComputing")

        num_done = d.pop("numDone")

        def _parse_num_tasks(data: object) -> float | int | None | str:
            if data is None:
                return data
            return cast(float | int | None | str, data)

        num_tasks = _parse_num_tasks(d.pop("numTasks"))

        num_waiting = d.pop("numWaiting")

        percent_done = d.pop("percentDone")

        uuid = d.pop("uuid")

        run_info = cls(
            id=id,
            num_computing=num_computing,
            num_done=num_done,
            num_tasks=num_tasks,
            num_waiting=num_waiting,
            percent_done=percent_done,
            uuid=uuid,
        )

        return run_info
