"""Contains all the data models used in inputs/outputs"""

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
