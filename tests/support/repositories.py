"""Git repositories for the tests of what looks at one."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.support.engines import is_missing

IDENTITY = ("-c", "user.name=me", "-c", "user.email=me@host.invalid")


def create_repository(folder: Path) -> None:
    """Make a folder a repository, with what is in it as its first commit."""
    if shutil.which("git") is None:
        is_missing("git", "apt-get install git")
    git(folder, "init", "--quiet")
    commit_all(folder)


def git(folder: Path, *words: str) -> None:
    """Run git in a folder, as nobody in particular."""
    subprocess.run(["git", *IDENTITY, *words], cwd=folder, check=True, capture_output=True)


def commit_all(folder: Path) -> None:
    """Commit all that changed."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "all")
