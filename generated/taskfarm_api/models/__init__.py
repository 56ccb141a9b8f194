"""Contains all the data models used in inputs/outputs"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .claim_request import ClaimRequest
    from .num_computing_only import NumComputingOnly
    from .num_done_only import NumDoneOnly
    from .num_waiting_only import NumWaitingOnly
    from .percent_completed_only import PercentCompletedOnly
    from .percent_done_only import PercentDoneOnly
    from .restart_all import RestartAll
    from .run import Run
    from .run_field import RunField
    from .run_info import RunInfo
    from .run_list import RunList
    from .run_request import RunRequest
    from .status_only import StatusOnly
    from .task import Task
    from .task_field import TaskField
    from .task_status import TaskStatus
    from .task_update import TaskUpdate
    from .token import Token
    from .worker import Worker
    from .worker_request import WorkerRequest

__all__ = (
    "ClaimRequest",
    "NumComputingOnly",
    "NumDoneOnly",
    "NumWaitingOnly",
    "PercentCompletedOnly",
    "PercentDoneOnly",
    "RestartAll",
    "Run",
    "RunField",
    "RunInfo",
    "RunList",
    "RunRequest",
    "StatusOnly",
    "Task",
    "TaskField",
    "TaskStatus",
    "TaskUpdate",
    "Token",
    "Worker",
    "WorkerRequest",
)

_MODULES = {
    "ClaimRequest": ".claim_request",
    "NumComputingOnly": ".num_computing_only",
    "NumDoneOnly": ".num_done_only",
    "NumWaitingOnly": ".num_waiting_only",
    "PercentCompletedOnly": ".percent_completed_only",
    "PercentDoneOnly": ".percent_done_only",
    "RestartAll": ".restart_all",
    "Run": ".run",
    "RunField": ".run_field",
    "RunInfo": ".run_info",
    "RunList": ".run_list",
    "RunRequest": ".run_request",
    "StatusOnly": ".status_only",
    "Task": ".task",
    "TaskField": ".task_field",
    "TaskStatus": ".task_status",
    "TaskUpdate": ".task_update",
    "Token": ".token",
    "Worker": ".worker",
    "WorkerRequest": ".worker_request",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name], __name__), name)
