"""What the tutorial and the how-to pages show is what happens, against the real server."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from taskfarm_sdk import Farm
from taskfarm_sdk.logins import save_login
from taskfarm_sdk.testing import LocalServer
from tests.support.pages import DOCS, blocks_of, execution, faults_of

PAGES = sorted([*(DOCS / "tutorial").glob("*.md"), *(DOCS / "how-to").glob("*.md")])
# Why blocks are not run here, and how many they are: a new one is seen.
LEFT_OUT = {
    "changes the source": 3,
    "installs": 4,
    "needs a cluster": 12,
    "needs another machine": 2,
    "needs root": 20,
    "other tests run it": 6,
    "runs until it is ended": 6,
    "sends a mail": 1,
    "the tests have a folder": 1,
    "the tests have a server": 1,
    "would log the tests out": 1,
}
# Those of a cluster, which tests/engines/slurm runs.
FOR_SLURM = 5


@pytest.fixture
def farm(
    taskfarm_server: LocalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Farm]:
    """The farm of somebody who is logged in and works in an empty folder."""
    (folder := tmp_path / "work").mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    with taskfarm_server.farm() as farm:
        save_login(taskfarm_server.url, taskfarm_server.user, farm.login())
        yield farm


@pytest.mark.long
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_the_page_shows_is_what_happens(page: Path, farm: Farm) -> None:
    blocks = [
        block
        for block in blocks_of(page.read_text(encoding="utf-8"))
        if block.is_executable and block.reason is None and not block.is_for_slurm
    ]
    with execution(Path.cwd(), lambda: farm.runs()[-1].uuid) as made:
        if wrong := faults_of(blocks, made):
            pytest.fail(f"{page.name}, {wrong}", pytrace=False)


def test_the_blocks_that_are_not_run_are_counted() -> None:
    blocks = [block for page in PAGES for block in blocks_of(page.read_text(encoding="utf-8"))]
    reasons = Counter(block.reason for block in blocks if block.reason is not None)
    assert reasons == LEFT_OUT
    assert sum(block.is_for_slurm for block in blocks) == FOR_SLURM
