"""The example notebook, executed in a real kernel, and what its cells show."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from taskfarm_sdk.testing import LocalServer
from tests.support import programs

NOTEBOOK = programs.ROOT / "examples" / "notebook.ipynb"
PROGRAM = programs.ROOT / "tests" / "programs" / "notebook.py"
Cell = Mapping[str, Any]


def code_cells(text: str) -> list[Cell]:
    """Return the cells of a notebook that hold code."""
    return [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]


def pages(cell: Cell, kind: str) -> list[str]:
    """Return the HTML of a cell's outputs of a kind."""
    return [
        "".join(output["data"]["text/html"])
        for output in cell["outputs"]
        if output["output_type"] == kind and "text/html" in output["data"]
    ]


def execute(server: LocalServer, folder: Path) -> list[Cell]:
    """Execute the notebook beside a server, and return its cells of code.

    Args:
        server: the server.
        folder: where the notebook works, and where its kernel writes.
    """
    access = programs.credentials(server)
    env = {f"TASKFARM_{key.upper()}": str(value) for key, value in access.items()}
    # Kernels and IPython write into their own folders only.
    env |= {name: str(folder) for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR")}
    done = programs.run(PROGRAM, NOTEBOOK, told={}, env=env, cwd=folder, timeout_s=200)
    assert done.returncode == 0, done.stderr
    return code_cells(done.stdout)
