"""`python -m taskfarm_cli.manage`: manageTF."""

from __future__ import annotations

import sys

from taskfarm_cli.manage.main import main

if __name__ == "__main__":
    sys.exit(main())
