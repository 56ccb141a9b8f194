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
    # A star brings what a module's `__all__` lists. While running, no module is to be imported
    # before it is used, so there the names stand in a table; a test compares it with the modules.
    from taskfarm_sdk._models import *  # noqa: F403
    from taskfarm_sdk.aio import *  # noqa: F403
    from taskfarm_sdk.errors import *  # noqa: F403
    from taskfarm_sdk.farm import *  # noqa: F403
    from taskfarm_sdk.run import *  # noqa: F403
    from taskfarm_sdk.task import *  # noqa: F403
    from taskfarm_sdk.worker import *  # noqa: F403

    __all__: list[str]
    __version__: str
else:
    _HOMES = {
        "AsyncFarm": "aio",
        "AsyncRun": "aio",
        "AuthenticationError": "errors",
        "ConfigurationError": "errors",
        "ConnectionFailed": "errors",
        "Farm": "farm",
        "NotFound": "errors",
        "OutcomeUnknown": "errors",
        "RequestRejected": "errors",
        "Run": "run",
        "RunBroken": "errors",
        "RunNotFound": "errors",
        "RunStatus": "_models",
        "ServerError": "errors",
        "Task": "task",
        "TaskInfo": "_models",
        "TaskNotFound": "errors",
        "TaskState": "_models",
        "TaskfarmError": "errors",
        "TasksFailed": "errors",
        "UnexpectedReply": "errors",
        "WaitTimeout": "errors",
        "Worker": "worker",
    }
    # Type checkers read no list that is worked out, and go by the imports above.
    __all__ = [*_HOMES, "__version__"]  # noqa: PLE0604

    def __getattr__(name: str) -> object:
        if name == "__version__":
            from taskfarm_sdk._version import VERSION

            return VERSION
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
