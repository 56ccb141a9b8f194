"""The README's programs and commands, run as a newcomer would run them."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from taskfarm_cli.manage.main import main
from taskfarm_sdk import Farm, Run, Task
from taskfarm_sdk.testing import LocalServer
from tests.support import programs
from tests.support.processes import NET_S

pytestmark = pytest.mark.live

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "README.md").read_text(encoding="utf-8")
MAP, LOOP = re.findall(r"^```python\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)
COMMANDS = [
    line.split("  #")[0].strip()
    for block in re.findall(r"^```sh\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)
    for line in block.splitlines()
]
MANAGING = [command for command in COMMANDS if command.startswith("manageTF")]
WORKING = [command for command in COMMANDS if re.match("workTF (?!--slurm)", command)]
# They install into an environment, take the usual port, or need a cluster; other tests run these.
ELSEWHERE = r"make |python3 -m venv |pip install |workTF --slurm "


@pytest.fixture(autouse=True)
def _newcomer(
    taskfarm_server: LocalServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Work in an empty folder, with the commands on the path and the server known."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    for key, value in programs.credentials(taskfarm_server).items():
        monkeypatch.setenv(f"TASKFARM_{key.upper()}", str(value))


@pytest.fixture
def farm(taskfarm_server: LocalServer) -> Iterator[Farm]:
    with taskfarm_server.farm() as farm:
        yield farm


@pytest.fixture
def run(farm: Farm) -> Run:
    """A finished run."""
    run = farm.create_run(3)
    with run.worker() as worker:
        for task in worker:
            task.complete()
    return run


def outcome(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=NET_S
    )


def test_the_page_is_short() -> None:
    assert len(PAGE.splitlines()) < 120


def test_each_command_is_run_here_or_known_to_be_run_elsewhere() -> None:
    rest = set(COMMANDS) - set(MANAGING) - set(WORKING)
    assert [command for command in rest if not re.match(ELSEWHERE, command)] == []
    assert (len(MANAGING), len(WORKING)) == (3, 3)


def test_the_loop_completes_tasks(farm: Farm) -> None:
    run, computed = farm.create_run(3), list[int]()
    exec(LOOP, {"run": run, "compute": lambda task: computed.append(task.number)})
    assert computed == [0, 1, 2]
    assert run.status().succeeded


def test_the_map_makes_a_table(tmp_path: Path) -> None:
    (tmp_path / "powers.py").write_text(MAP)
    done = outcome(sys.executable, "powers.py")
    assert done.returncode == 0, done.stderr
    table = (tmp_path / "powers.csv").read_text().splitlines()
    assert (table[0], table[-1], len(table)) == ("base,exponent,value", "99,5,9509900499", 301)


def test_an_exception_leaves_the_loop_as_its_comment_says(farm: Farm) -> None:
    run = farm.create_run(3)

    def compute(_: Task) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        exec(LOOP, {"run": run, "compute": compute})
    assert run.task_info(0).attempts == 1


@pytest.mark.parametrize("command", MANAGING)
def test_a_command_manages_runs(command: str, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    _, *words = shlex.split(command.replace("UUID", run.uuid))
    assert (main(words), capsys.readouterr().err) == (0, "")


# What the programs of each command print; by an option that the command has.
PRINTED = {
    "--inputs": ["a", "b", "c"],
    "--grid": [f"--lr {lr} --seed {seed}" for lr in ("0.1", "0.01") for seed in range(100)],
    "--on-end": ["0", "1", "2"],
}


@pytest.fixture
def _work(tmp_path: Path) -> None:
    """Make the inputs and programs that the commands name."""
    (tmp_path / "files.txt").write_text("a\nb\nc\n")
    (tmp_path / "jobs.txt").write_text("2\n")
    for name in ("process", "train", "notify"):
        (tmp_path / name).write_text(f'#!/bin/sh\necho "$@"\ntouch {name}-ran\n')
        (tmp_path / name).chmod(0o755)


@pytest.mark.usefixtures("_work")
@pytest.mark.parametrize("command", WORKING)
def test_a_command_is_run_for_each_item(command: str, farm: Farm, tmp_path: Path) -> None:
    (printed,) = [lines for option, lines in PRINTED.items() if f" {option} " in command]
    new = farm.create_run(3).uuid if "UUID" in command else ""
    done = outcome(*shlex.split(command.replace("UUID", new)))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "notify-ran").exists() == ("notify" in command)
    assert sorted(done.stdout.splitlines()) == sorted(printed)


def test_the_environment_is_enough_for_a_farm() -> None:
    with Farm() as farm:
        assert farm.credentials_from == "environment"
