"""Types of the fixtures that make workers and farms of `taskfarm_sdk.compat` for a run."""

from __future__ import annotations

from collections.abc import Callable

from taskfarm_sdk import Run
from taskfarm_sdk.compat import TaskFarm, TaskFarmWorker

Hire = Callable[[Run], TaskFarmWorker]
Load = Callable[[Run], TaskFarm]
