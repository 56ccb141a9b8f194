"""workTF --keep as people start it, but an array that lives for a moment has not died at once."""

from __future__ import annotations

import sys

from taskfarm_cli.work.main import main
from taskfarm_cli.work.slurm import policy

if __name__ == "__main__":
    policy.AT_ONCE_S = 2.0
    sys.exit(main())
