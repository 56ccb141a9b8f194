"""The limit of open files: raised for this process, not for its commands."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from tests.support.processes import NET_S

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it has no such limit")

RAISE = """
    import resource
    from taskfarm_sdk._processes import limits
    resource.setrlimit(resource.RLIMIT_NOFILE, (100, 200))
    files = limits.raise_open_files({needed})
    print(files.limit, files.before, *resource.getrlimit(resource.RLIMIT_NOFILE), flush=True)
"""


@pytest.mark.parametrize(
    ("needed", "printed"),
    [(50, "100 None 100 200"), (150, "150 100 150 200"), (500, "200 100 200 200")],
    ids=["there are enough", "it is raised", "the hard limit is too low"],
)
def test_the_soft_limit_is_raised_as_far_as_needed_and_allowed(needed: int, printed: str) -> None:
    assert run(RAISE.format(needed=needed)) == printed


def test_a_command_has_the_limit_that_was_there_before() -> None:
    printed = run(
        RAISE.format(needed=150)
        + """
    from taskfarm_sdk.execution.parts import Group
    for open_files in (None, files.before):
        Group(["sh", "-c", "ulimit -Sn; ulimit -Hn"], open_files=open_files).wait()
    """
    )
    assert printed.split()[4:] == ["150", "200", "100", "200"]


def run(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        check=True,
        timeout=NET_S,
    )
    return done.stdout.strip()
