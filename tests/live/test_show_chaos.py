"""A network that drops, refuses and stalls a third of all requests, before the embedded server."""

from __future__ import annotations

import pytest

from taskfarm_sdk.testing import LocalServer
from tests.live import showing

pytestmark = [pytest.mark.live, pytest.mark.timeout(180)]


def test_a_network_in_chaos_loses_no_task_and_reopens_none(taskfarm_server: LocalServer) -> None:
    showing.the_network_is_chaos(taskfarm_server, 40)
