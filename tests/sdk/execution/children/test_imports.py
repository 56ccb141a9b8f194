"""What a child process of `run.work` imports before it has its function."""

from __future__ import annotations

import subprocess
import sys

import pytest

# All that talks to the server, which takes longer to import than the rest together. A farm of many
# processors starts as many children at once.
NOT_FOR_A_CHILD = {
    "asyncio",
    "httpx",
    "multiprocessing",
    "ssl",
    "taskfarm_api",
    "taskfarm_sdk._protocol",
    "taskfarm_sdk._transport",
    "taskfarm_sdk.execution.dispatcher",
    "taskfarm_sdk.run",
    "taskfarm_sdk.worker",
}


@pytest.mark.parametrize("module", ["children.child", "mapping.chunk_function"])
def test_a_child_imports_nothing_that_talks_to_the_server(module: str) -> None:
    code = f"import sys, taskfarm_sdk.execution.{module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    imported = set(done.stdout.split())
    assert f"taskfarm_sdk.execution.{module}" in imported
    assert not NOT_FOR_A_CHILD & imported
