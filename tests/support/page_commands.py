"""Commands of a page for administrators, run on other folders than the page names."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.support.processes import NET_S

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"
# Services and system users, which a test does without.
_SHELL = """\
set -euo pipefail
systemctl() { :; }
runuser() { shift 3; "$@"; }
"""


def commands_of(page: str, heading: str) -> str:
    """Return the first block of shell commands in a section of a page."""
    text = (HOW_TO / page).read_text(encoding="utf-8")
    section = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    commands = section.partition("```sh\n")[2].partition("```")[0]
    assert commands, heading
    return commands


def run_commands(
    page: str, heading: str, values: Mapping[str, str], **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the commands of a section, without services and as this user.

    Args:
        page: the page's file in docs/how-to.
        heading: the heading's text.
        values: what to replace in the commands; each has to be there.
        environment: more variables of theirs.
    """
    commands = commands_of(page, heading).replace(" -o taskfarm -g taskfarm", "")
    for old, new in values.items():
        assert old in commands, old
        commands = commands.replace(old, new)
    done = subprocess.run(
        ["bash", "-c", _SHELL + commands],
        capture_output=True,
        text=True,
        check=False,
        timeout=NET_S,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr
    return done
