"""deploy/systemd as systemd itself reads it, and as serveTF does."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from taskfarm_cli.serve import arguments as serve_arguments
from taskfarm_sdk.server import Database, ServerSettings
from tests.support.engines import is_missing
from tests.support.serve_tf import failing

SHIPPED = Path(__file__).parents[2] / "deploy" / "systemd"
UNIT = "taskfarm.service"
SITE = "taskfarm.service.d/site.conf"


@pytest.fixture
def analyze() -> str:
    found = shutil.which("systemd-analyze")
    if found is None:
        is_missing("systemd", "apt-get install systemd")
    return found


def test_systemd_finds_nothing_wrong_with_the_units(analyze: str, tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("serveTF")
    assert program.exists()
    (tmp_path / SITE).parent.mkdir()
    for name in (UNIT, SITE):
        text = (SHIPPED / name).read_text()
        assert "/opt/taskfarm/bin/serveTF" in text
        (tmp_path / name).write_text(text.replace("/opt/taskfarm/bin/serveTF", str(program)))
    # As Debian's, as far as the drop-in for it needs one.
    (tmp_path / "nginx.service").write_text("[Service]\nExecStart=/bin/true\n")
    shutil.copytree(SHIPPED / "nginx.service.d", tmp_path / "nginx.service.d")
    for unit in (UNIT, "nginx.service"):
        done = subprocess.run(
            [analyze, "verify", "--man=no", "--recursive-errors=no", str(tmp_path / unit)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")


def test_systemd_calls_the_server_well_shut_in(analyze: str) -> None:
    words = ["security", "--offline=true", "--threshold=20", str(SHIPPED / UNIT)]
    done = subprocess.run([analyze, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(("name", "replaced"), [(UNIT, []), (SITE, [""])])
def test_the_unit_starts_what_servetf_understands(name: str, replaced: list[str]) -> None:
    lines = re.findall(r"^ExecStart=(.*)$", (SHIPPED / name).read_text(), flags=re.MULTILINE)
    assert lines[:-1] == replaced  # a drop-in would else add a second command
    line = lines[-1]
    program, *words = shlex.split(line)
    assert program.endswith("/serveTF")
    arguments = serve_arguments.parse(words)
    assert arguments.database_url is not None
    settings = ServerSettings(
        database=Database.postgresql(arguments.database_url.reveal()),
        user=arguments.user,
        processes=arguments.processes,
        threads=arguments.threads,
    )
    assert (settings.processes, settings.threads) == (2, 4)
    assert arguments.host == "127.0.0.1"


def test_the_unit_does_not_restart_what_no_restart_mends() -> None:
    status = failing("--processes", "none")[0]
    assert f"\nRestartPreventExitStatus={status}\n" in (SHIPPED / UNIT).read_text()
