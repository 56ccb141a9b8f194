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

Names are imported on first use, so that importing the package is fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # For type checkers, a star imports what `__all__` lists. At run time modules are imported on
    # first use, from the table below; a test compares it with the modules.
    from taskfarm_sdk._items.item import *  # noqa: F403
    from taskfarm_sdk._items.items import *  # noqa: F403
    from taskfarm_sdk._join import *  # noqa: F403
    from taskfarm_sdk._map_options import *  # noqa: F403
    from taskfarm_sdk._models import *  # noqa: F403
    from taskfarm_sdk._results.result import *  # noqa: F403
    from taskfarm_sdk._results.results import *  # noqa: F403
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
        "FunctionFailed": "errors",
        "Item": "_items.item",
        "Items": "_items.items",
        "ItemsFailed": "errors",
        "MapOptions": "_map_options",
        "NotFound": "errors",
        "OutcomeUnknown": "errors",
        "RequestRejected": "errors",
        "Result": "_results.result",
        "Results": "_results.results",
        "Run": "run",
        "RunBroken": "errors",
        "RunNotFound": "errors",
        "RunStatus": "_models",
        "ServerError": "errors",
        "Task": "task",
        "TaskFailure": "_models",
        "TaskInfo": "_models",
        "TaskNotFound": "errors",
        "TaskState": "_models",
        "TaskfarmError": "errors",
        "TasksFailed": "errors",
        "TooManyFailures": "errors",
        "UnexpectedReply": "errors",
        "WaitTimeout": "errors",
        "Worker": "worker",
        "join": "_join",
        "results": "_results.results",
    }
    # Type checkers cannot read a computed list and use the imports above.
    __all__ = [*_HOMES, "__version__"]  # noqa: PLE0604
    __all__.sort()

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
