"""`python -m taskfarm_cli.view`: viewTF."""

from __future__ import annotations

import sys

from taskfarm_cli.view.main import main

if __name__ == "__main__":
    sys.exit(main())
