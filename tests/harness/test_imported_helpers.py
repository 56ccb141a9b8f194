"""What tests import changes nothing for the other tests of the same process."""

from __future__ import annotations

import json

from tests.programs import imported_helpers
from tests.support.programs import run


def test_no_program_or_helper_changes_a_constant_when_it_is_imported() -> None:
    # The server's own imports warn, and are no test's.
    ended = run("-W", "ignore", imported_helpers.__file__, told={}, timeout_s=None)
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    assert told["constants"] > 100
    assert told["changed"] == []
