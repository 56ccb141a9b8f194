"""The tutorial's programs print what it shows, when they are run in its order."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from taskfarm_sdk.testing import LocalServer
from tests.support import programs

pytestmark = pytest.mark.live

PAGE = Path(__file__).parents[2] / "docs" / "tutorial" / "from-a-loop-to-a-farm.md"
PROGRAM = re.compile(
    r"^```python\n# (\w+\.py)\n(.*?)^```.*?^```text\n(.*?)^```", re.DOTALL | re.MULTILINE
)


def test_each_program_prints_what_the_page_shows(
    taskfarm_server: LocalServer, tmp_path: Path
) -> None:
    page = PAGE.read_text(encoding="utf-8")
    steps: list[tuple[str, str, str]] = PROGRAM.findall(page)
    assert [name for name, _, _ in steps] == [
        "loop.py",
        "farm.py",
        "prepare.py",
        "job.py",
        "read.py",
    ]
    access = programs.credentials(taskfarm_server)
    env = {f"TASKFARM_{key.upper()}": str(value) for key, value in access.items()}
    for name, code, shown in steps:
        (tmp_path / name).write_text(code)
        done = programs.run(tmp_path / name, told={}, env=env, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (0, shown), f"{name}: {done.stderr}"
    table = (tmp_path / "walks.csv").read_text().splitlines()
    assert (table[0], len(table)) == ("drift,seed,value", 301)
