"""What pytest shows with --showlocals when the SDK fails: no secret."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.locals_shown import forms_of, lines_that_show
from tests.support.secrecy import TOKEN

IN_PYTEST = """
import asyncio, os
import pytest
from taskfarm_sdk import AsyncFarm, Farm, logins
from taskfarm_sdk.compat import TaskFarm
from taskfarm_cli.manage.arguments import parse

URL = "http://127.0.0.1:1/api/"

def test_password():
    Farm(URL, user="me", password=os.environ["IT"], give_up_after_s=0).runs()

def test_token():
    Farm(URL, token=os.environ["IT"], give_up_after_s=0).runs()

def test_environment():
    os.environ["TASKFARM_TOKEN"] = os.environ["IT"]
    Farm(URL, give_up_after_s=0).runs()

def test_asyncio():
    asyncio.run(AsyncFarm(URL, token=os.environ["IT"], give_up_after_s=0).runs())

def test_both():
    Farm(URL, password=os.environ["IT"], token=os.environ["IT"])

def test_url():
    Farm("http://me:" + os.environ["IT"] + "@host/")

def test_save():
    logins.save_login("nowhere", "me", os.environ["IT"])

def test_command_line():
    parse(["-p", os.environ["IT"], "--no-such-option"])
"""


@pytest.mark.slow
def test_pytest_with_locals_shows_no_secret(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(IN_PYTEST)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-l", "--tb=long", "-p", "no:cacheprovider", "-q", "."],
        cwd=tmp_path,
        env={**os.environ, "IT": TOKEN, "TASKFARM_CONFIG": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "8 failed" in done.stdout
    assert lines_that_show(done.stdout + done.stderr, forms_of(TOKEN, "")) == []
    assert lines_that_show(done.stdout + done.stderr, forms_of("me", TOKEN)) == []
