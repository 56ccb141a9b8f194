"""A farm whose server answers what a test says, for what reads it only: no process, no network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import attrs

from taskfarm_sdk import Farm, Run, RunStatus

LIST = "list"


def status(num_tasks: int = 10, done: int = 0, **more: int) -> RunStatus:
    """Return the status of a run whose other tasks are computed."""
    facts: dict[str, Any] = {"waiting": 0, "computing": num_tasks - done, "failed": None, **more}
    return RunStatus(num_tasks=num_tasks, done=done, percent_done=100 * done / num_tasks, **facts)


@attrs.frozen
class _Run:
    uuid: str
    num_tasks: int
    num_tasks_text: str


class ScriptedFarm:
    """The runs of a server, and what was asked for.

    Args:
        uuids: its runs, the newest last.

    Attributes:
        statuses: what it answers of each run.
        errors: what it raises in place of an answer, by the run's UUID or for `LIST`.
        asked: what it was asked for, in order: the runs' UUIDs, and `LIST`.
    """

    def __init__(self, *uuids: str) -> None:
        self.statuses = {uuid: status() for uuid in uuids}
        self.errors: dict[str, Exception] = {}
        self.asked: list[str] = []

    @property
    def farm(self) -> Farm:
        """The farm, as the code under test takes it."""
        return cast("Farm", self)

    def runs(self, *, give_up_after_s: float) -> Sequence[Run]:
        """Answer as `Farm.runs`."""
        self._ask(LIST)
        made = (_Run(uuid, it.num_tasks, str(it.num_tasks)) for uuid, it in self.statuses.items())
        return cast("list[Run]", list(made))

    def get_run_and_status(self, uuid: str, *, give_up_after_s: float) -> tuple[None, RunStatus]:
        """Answer as `Farm.get_run_and_status`, without the run."""
        self._ask(uuid)
        return None, self.statuses[uuid]

    def _ask(self, subject: str) -> None:
        self.asked.append(subject)
        if subject in self.errors:
            raise self.errors[subject]
