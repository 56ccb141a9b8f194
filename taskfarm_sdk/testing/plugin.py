"""The pytest plugin that comes with taskfarm-sdk: the fixture `taskfarm_server`.

Importing it imports nothing but pytest; the server and the SDK follow when the fixture is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from taskfarm_sdk.testing import LocalServer


@pytest.fixture(scope="session")
def taskfarm_server() -> Iterator[LocalServer]:
    """Run the real taskfarm server, empty at first, for the whole test session.

    All tests of a session (of each worker, under pytest-xdist) share it, for starting one takes
    about a second: a test makes runs of its own and looks at no others. One that kills the server
    starts it again. Needs the extra `server`: `pip install 'taskfarm-sdk[server]'`.
    """
    from taskfarm_sdk.testing import LocalServer

    with LocalServer() as server:
        yield server
