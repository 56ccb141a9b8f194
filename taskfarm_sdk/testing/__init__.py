"""The real taskfarm server for tests.

```python
from taskfarm_sdk.testing import LocalServer

with LocalServer() as server:
    run = server.farm().create_run(10)
```

With pytest, the fixture `taskfarm_server` provides such a server without any setup.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from taskfarm_sdk.testing._local_server import LocalServer

__all__ = ["LocalServer"]


def __getattr__(name: str) -> object:
    # Imported late, because pytest loads this package in every run, even if no test needs it.
    if name == "LocalServer":
        from taskfarm_sdk.testing._local_server import LocalServer

        return LocalServer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
