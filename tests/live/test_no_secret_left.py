"""All commands and the SDK at DEBUG against the real server: no secret in anything they leave.

Each command gets the password from its environment, and commands and functions write down their own
environment and all command lines of the machine. All files are searched afterwards.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from taskfarm_sdk import logins
from taskfarm_sdk.testing import LocalServer
from tests.programs import map_that_tells_all
from tests.support import programs
from tests.support.fake_slurm import FakeSlurm
from tests.support.locals_shown import forms_of
from tests.support.processes import NET_S
from tests.support.view_tf import viewer, viewing

# One process for several commands, since each start takes a third of a second.
COMMANDS = """
import json, sys
from taskfarm_cli.{}.main import main
print(*map(main, json.loads(sys.argv[1])), file=sys.stderr)
"""
# A command of workTF, which tells what a curious one could.
CURIOUS = "env; tr '\\0' ' ' < /proc/$PPID/cmdline; cat /proc/[0-9]*/cmdline; test {task} != 1"


class Left:
    """A folder in which commands run, and all that they leave there and in the user's folders."""

    def __init__(self, folder: Path, server: LocalServer) -> None:
        self.folder = folder
        self._server = server
        self._said = folder / "said"
        self._said.mkdir()

    def run(self, name: str, *commands: Sequence[str], statuses: str = "0") -> str:
        """Run a command once or several times, each with its words; return the output.

        Args:
            name: the folder of the command.
            commands: its words, each time.
            statuses: the exit statuses, with blanks between.
        """
        done = subprocess.run(
            [sys.executable, "-c", COMMANDS.format(name), json.dumps(commands)],
            cwd=self.folder,
            env={**os.environ, **self.credentials(), "TASKFARM_DEBUG": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=NET_S,
        )
        number = len(list(self._said.iterdir()))
        (self._said / f"{number}-{name}").write_text(done.stdout + done.stderr)
        assert done.stderr.splitlines()[-1] == statuses, done.stderr
        return done.stdout

    def write(self, name: str, text: str) -> None:
        """Keep a text among what was said."""
        (self._said / name).write_text(text)

    def files(self) -> Iterator[Path]:
        """Yield all files, but for that of the saved logins."""
        for folder in (self.folder, Path(os.environ["XDG_STATE_HOME"])):
            for path in folder.rglob("*"):
                if path.is_file() and path != logins.login_file():
                    yield path

    def credentials(self) -> dict[str, str]:
        """Return the variables that tell a command how to log in."""
        return {
            "TASKFARM_URL": self._server.url,
            "TASKFARM_USER": self._server.user,
            "TASKFARM_PASSWORD": self._server.password,
        }


@pytest.fixture
def left(taskfarm_server: LocalServer, tmp_path: Path) -> Left:
    return Left(tmp_path, taskfarm_server)


def files_that_show(left: Left, secrets: list[str]) -> list[str]:
    wanted = [secret.encode() for secret in secrets]
    return [
        path.name for path in left.files() if any(secret in path.read_bytes() for secret in wanted)
    ]


def work_on_commands(left: Left) -> str:
    """Have workTF create a run and work on it; return the run's UUID."""
    (left.folder / "inputs").write_text("a\nb\nc\nd\n")
    words = ["--create", "--inputs", "inputs", "--shell", "--max-attempts", "1"]
    words += ["--journal", "journal"]
    left.run("work", [*words, "--results", "kept", "--", CURIOUS], statuses="5")
    (manifest,) = left.folder.glob("taskfarm-*.json")
    kept: list[list[str]] = [["--log", "log"], ["--tag"]]
    left.run("work", *([*words, *each, "--", CURIOUS] for each in kept), statuses="5 5")
    return manifest.stem.removeprefix("taskfarm-")


def test_nothing_that_is_left_behind_holds_a_secret(
    left: Left, taskfarm_server: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = taskfarm_server
    left.run("manage", ["--login"])
    (login,) = logins.saved_logins()
    token = login.token
    secrets = [*forms_of(server.user, server.password), *forms_of(token, "")]

    uuid = work_on_commands(left)
    left.run(
        "manage",
        ["--whoami"],
        ["--list"],
        ["--list", "--json"],
        ["--info", uuid],
        ["--tasks", uuid],
        ["--report", "page.html", uuid, "--journal", "journal", "--results", "kept"],
        ["--reset-failed", uuid],
        ["--reset-task", "1", uuid],
        ["--reset", uuid],
        ["--repair", uuid],
        ["--info", "0" * 32],
        statuses="0 0 0 0 0 0 0 0 0 1 4",
    )
    bare = left.run("manage", ["--create", "2"]).strip()
    slurm = FakeSlurm(left.folder / "slurm")
    slurm.answer_submissions(f"cat > {left.folder}/script; env > {left.folder}/job; echo 4711")
    with monkeypatch.context() as patch:
        patch.setenv("PATH", f"{left.folder / 'slurm'}:{os.environ['PATH']}")
        left.run("work", ["--allow-loopback", "--slurm", "2", bare, "--", "sh", "-c", CURIOUS])
    assert slurm.submissions == 1

    folders = {"folder": "results", "journal": "journal-of-map", "out": str(left.folder / "said")}
    done = programs.run(
        map_that_tells_all.__file__, told=folders, env=left.credentials(), cwd=left.folder
    )
    assert done.returncode == 0, done.stderr
    left.write("map", done.stdout + done.stderr)

    with (
        viewing(server, "--journal", left.folder / "journal", TASKFARM_DEBUG="1") as view,
        viewer(view.next_address()) as browser,
    ):
        for path in ("", f"runs/{uuid}", f"runs/{uuid}/tasks/1"):
            left.write(f"page-{path.replace('/', '-')}", browser.get(path).text)
        left.write("viewTF", "\n".join(view.lines))

    names = [path.name for path in left.files()]
    assert {"page.html", "script", "shown", "log"} <= {*names}
    assert files_that_show(left, secrets) == []


def test_the_search_finds_a_secret_in_the_file_that_holds_one(
    left: Left, taskfarm_server: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    left.run("manage", ["--login"])
    (login,) = logins.saved_logins()
    name = logins.login_file().name
    monkeypatch.setattr(logins, "login_file", lambda: Path("elsewhere"))
    assert files_that_show(left, forms_of(login.token, "")) == [name]
    left.write("note", f"as {taskfarm_server.password}")
    assert files_that_show(left, [taskfarm_server.password]) == ["note"]
