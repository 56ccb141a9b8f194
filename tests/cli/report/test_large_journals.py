"""Large and hostile journals: what their report costs is bounded, and so is the report."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.journals import hostile_lines

MIB = 1 << 20
IS_FULL = os.environ.get("TASKFARM_FULL") == "1"
LINES = 1_000_000 if IS_FULL else 100_000
FEWER = LINES // 4


@pytest.fixture
def costs(tmp_path: Path) -> list[dict[str, Any]]:
    """What the reports of a journal and of a larger one cost the process that makes both."""
    folders = [tmp_path / str(count) for count in (FEWER, LINES)]
    for folder in folders:
        folder.mkdir()
        with (folder / "node1-1.jsonl").open("wb") as file:
            file.writelines(hostile_lines(int(folder.name)))
    done = subprocess.run(
        [sys.executable, "-m", "tests.programs.read_journals", str(LINES), *map(str, folders)],
        stdout=subprocess.PIPE,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.skipif(sys.platform != "linux", reason="tells its peak in other units, or not at all")
def test_the_report_of_a_hostile_journal_stays_small_and_so_does_its_memory(
    costs: list[dict[str, Any]],
) -> None:
    fewer, all_lines = costs
    assert (fewer["attempts"], all_lines["attempts"]) == (FEWER, LINES)
    assert all_lines["html_bytes"] < 1_000_000
    assert all_lines["peak_bytes"] < 100 * MIB
    # Three quarters of the lines, of which each would take a kilobyte: 75 MiB. What is kept of some
    # (hosts, causes, the slowest) is not yet full at a quarter; a duration takes 8 bytes.
    assert all_lines["peak_bytes"] - fewer["peak_bytes"] < 20 * MIB + 8 * LINES
    if IS_FULL:
        # Both: a million lines and a quarter of them. The machine has other work in CI.
        assert all_lines["cpu_s"] - fewer["cpu_s"] < 20
