"""The real taskfarm server, for the time of a test.

```python
from taskfarm_sdk.testing import LocalServer

with LocalServer() as server:
    run = server.farm().create_run(10)
```

With pytest, the fixture `taskfarm_server` gives such a server without any set-up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from taskfarm_sdk.testing._local_server import LocalServer

__all__ = ["LocalServer"]


def __getattr__(name: str) -> object:
    # Late, for pytest loads this package with each of its runs, whether they need it or not.
    if name == "LocalServer":
        from taskfarm_sdk.testing._local_server import LocalServer

        return LocalServer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
