"""What pages show for a cluster, on a cluster."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from taskfarm_sdk import Farm
from tests.support.pages import DOCS, blocks_of, execution, faults_of

pytestmark = [pytest.mark.slurm, pytest.mark.live]
PAGES = [
    page
    for page in sorted(DOCS.glob("*/*.md"))
    if any(block.is_for_slurm for block in blocks_of(page.read_text(encoding="utf-8")))
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
@pytest.mark.usefixtures("cluster")
def test_what_the_page_shows_for_a_cluster_is_what_happens(
    page: Path, saved_farm: Farm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder := tmp_path / "work").mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    (folder / "texts").mkdir()
    (folder / "texts" / "1.txt").write_text("one word\n")
    saved_farm.create_run(1)
    # The server is on this machine, and so are the nodes.
    blocks = [
        block._replace(code=block.code.replace("--slurm", "--allow-loopback --slurm"))
        if "--slurm" in block.code
        else block
        for block in blocks_of(page.read_text(encoding="utf-8"))
        if block.is_for_slurm
    ]
    with execution(folder, lambda: saved_farm.runs()[-1].uuid) as made:
        if wrong := faults_of(blocks, made):
            pytest.fail(f"{page.name}, {wrong}", pytrace=False)


def test_the_pages_for_a_cluster_are_there() -> None:
    assert [page.stem for page in PAGES] == [
        "collect-after-an-array",
        "gpus-threads-memory-mail-on-slurm",
        "ten-minutes",
    ]
