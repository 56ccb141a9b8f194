"""How long commands try their first request."""

from __future__ import annotations

import taskfarm_cli
from taskfarm_cli.common import connection_options
from tests.support.public_api import modules


def test_no_module_copies_how_long_the_first_request_is_tried() -> None:
    """A copy keeps what it was at the import, so that tests shorten it in vain, or for good."""
    holders = [each for each in modules(taskfarm_cli) if hasattr(each, "GIVE_UP_AFTER_S")]
    assert holders == [connection_options]
