"""workTF as people start it, but with times that are short, so that tests are.

It is told `timeout_s` of a request, `rest_s` of who looks after others, and keywords of
`Run.worker`.
"""

from __future__ import annotations

import sys
from functools import partialmethod

from taskfarm_cli.work.main import main
from taskfarm_sdk import Farm, Run
from taskfarm_sdk._flows import recovery
from tests.support.told import told

if __name__ == "__main__":
    times = told(dict[str, float])
    recovery.START_SPREAD_S = recovery.MOST_REST_S = times.pop("rest_s")
    farm_with = partialmethod(Farm.__init__, timeout_s=times.pop("timeout_s"))
    Farm.__init__ = farm_with  # type: ignore[assignment, method-assign]
    Run.worker = partialmethod(Run.worker, **times)  # type: ignore[assignment, method-assign]
    sys.exit(main())
