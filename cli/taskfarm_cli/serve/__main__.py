"""`python -m taskfarm_cli.serve`: serveTF."""

from __future__ import annotations

import sys

from taskfarm_cli.serve.main import main

if __name__ == "__main__":
    sys.exit(main())
