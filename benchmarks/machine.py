"""What the measurements ran on; nothing that names the machine."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version

from benchmarks.setting import Setting

PACKAGES = ("httpx", "taskfarm", "waitress", "gunicorn", "Flask", "SQLAlchemy")


def facts(setting: Setting) -> dict[str, str]:
    """Return what a reader needs to compare figures with their own."""
    found = {
        "cores": str(len(os.sched_getaffinity(0))),
        "Python": platform.python_version(),
        "kernel": f"{platform.system()} {platform.release().split('-')[0]}",
        "mode": "quick" if setting.quick else "full",
    }
    return found | {name: version(name) for name in PACKAGES} | setting.peers.versions()
