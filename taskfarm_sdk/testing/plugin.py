"""The pytest plugin of taskfarm-sdk: the fixture `taskfarm_server`.

It imports only pytest; the server and the SDK are imported when the fixture is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from taskfarm_sdk.testing import LocalServer


@pytest.fixture(scope="session")
def taskfarm_server() -> Iterator[LocalServer]:
    """Run the real taskfarm server, without any run, for the whole test session.

    All tests of a session (with pytest-xdist, of each of its workers) share it, because a start
    takes about a second. So a test must create its own runs and use no others, and a test that
    kills the server must start it again. Needs the extra `server`: `pip install
    '.[server]'` in the folder of the source.
    """
    from taskfarm_sdk.testing import LocalServer

    with LocalServer() as server:
        yield server
