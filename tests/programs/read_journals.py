"""Make the report of each journal that is named, and tell what that cost so far: started by tests.

Args: the number of the run's tasks, and the journals' folders.
"""

from __future__ import annotations

import json
import re
import resource
import sys
from pathlib import Path

from taskfarm_cli.report import sections
from taskfarm_cli.report.facts import read_journal
from taskfarm_cli.report.page import page
from taskfarm_sdk import RunStatus
from tests.support.journals import RUN


def main(num_tasks: int, folders: list[str]) -> None:
    """Print a line of JSON for each folder."""
    status = RunStatus(
        num_tasks=num_tasks, waiting=0, computing=0, done=num_tasks, failed=None, percent_done=99.0
    )
    for folder in folders:
        facts, reader = read_journal(Path(folder), RUN, num_tasks)
        html = page("Run", [], [sections.of_journal(facts, reader, status)])
        used = resource.getrusage(resource.RUSAGE_SELF)
        told = {
            "attempts": reader.read,
            "html_bytes": len(html.encode()),
            "peak_bytes": peak_bytes(),
            "cpu_s": used.ru_utime + used.ru_stime,
        }
        print(json.dumps(told), flush=True)


def peak_bytes() -> int:
    """Return the most memory that this program took; getrusage's counts its parent's, too."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text("ascii"))
    assert found
    return int(found[1]) * 1024


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
