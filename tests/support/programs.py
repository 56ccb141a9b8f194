"""Python programs of the tests' own, run as users run theirs."""

from __future__ import annotations

import subprocess
import sys

from taskfarm_sdk.testing import LocalServer


def ends_well(server: LocalServer, *arguments: str) -> None:
    """Run Python on what reads from stdin where the server is, and see that it says nothing."""
    done = subprocess.run(
        [sys.executable, *arguments],
        input=f"{server.url} {server.user} {server.password}",
        text=True,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
