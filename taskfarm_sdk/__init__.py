"""The Python client for the taskfarm server.

```python
from taskfarm_sdk import Farm

with Farm() as farm:
    run = farm.create_run(100)
    with run.worker() as worker:
        for task in worker:
            with task:
                compute(task.number)
```

Names are imported when they are first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from taskfarm_sdk._models import RunStatus, TaskInfo, TaskState
    from taskfarm_sdk.aio import AsyncFarm, AsyncRun
    from taskfarm_sdk.errors import (
        AuthenticationError,
        ConfigurationError,
        ConnectionFailed,
        NotFound,
        OutcomeUnknown,
        RequestRejected,
        RunBroken,
        RunNotFound,
        ServerError,
        TaskfarmError,
        TaskNotFound,
        TasksFailed,
        UnexpectedReply,
        WaitTimeout,
    )
    from taskfarm_sdk.farm import Farm
    from taskfarm_sdk.run import Run
    from taskfarm_sdk.task import Task
    from taskfarm_sdk.worker import Worker

    __version__: str

__all__ = [
    "AsyncFarm",
    "AsyncRun",
    "AuthenticationError",
    "ConfigurationError",
    "ConnectionFailed",
    "Farm",
    "NotFound",
    "OutcomeUnknown",
    "RequestRejected",
    "Run",
    "RunBroken",
    "RunNotFound",
    "RunStatus",
    "ServerError",
    "Task",
    "TaskInfo",
    "TaskNotFound",
    "TaskState",
    "TaskfarmError",
    "TasksFailed",
    "UnexpectedReply",
    "WaitTimeout",
    "Worker",
    "__version__",
]

if not TYPE_CHECKING:
    _HOMES = {
        "AsyncFarm": "aio",
        "AsyncRun": "aio",
        "Farm": "farm",
        "Run": "run",
        "RunStatus": "_models",
        "Task": "task",
        "TaskInfo": "_models",
        "TaskState": "_models",
        "Worker": "worker",
    }

    def __getattr__(name: str) -> object:
        from importlib import import_module

        if name == "__version__":
            from importlib.metadata import version

            return version("taskfarm-sdk")
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'errors')}"), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
