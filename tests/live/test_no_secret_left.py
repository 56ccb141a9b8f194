"""All commands and the SDK at DEBUG against the real server: no secret in anything they leave.

Each command gets the password from its environment, and commands and functions write down their own
environment and all command lines of the machine. All files are searched afterwards.
"""

from __future__ import annotations

import json
import os
import signal
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
from tests.support.processes import NET_S, wait_until
from tests.support.serve_tf import serving
from tests.support.view_tf import viewer, viewing

pytestmark = pytest.mark.long

# One process for several commands, since each start takes a third of a second.
COMMANDS = """
import json, sys
from taskfarm_cli.{}.main import main
print(*map(main, json.loads(sys.argv[1])), file=sys.stderr)
"""
# A command that tells what a curious one could.
LOOK = "env; tr '\\0' ' ' < /proc/$PPID/cmdline; cat /proc/[0-9]*/cmdline"
CURIOUS = f"{LOOK}; test {{task}} != 1"
# Shows what Python can tell of itself: warnings, asyncio's debug log, frames at a crash.
SERVES_AS = "taskfarm"
TALKATIVE = ("-X", "dev", "-X", "faulthandler")


class Left:
    """A folder in which commands run, and all that they leave there and in the user's folders."""

    def __init__(self, folder: Path, server: LocalServer) -> None:
        self.folder = folder
        self._server = server
        self._said = folder / "said"
        self._said.mkdir()

    def run(
        self,
        name: str,
        *commands: Sequence[str],
        statuses: str = "0",
        typed: str = "",
        **environment: str,
    ) -> str:
        """Run a command once or several times, each with its words; return the output.

        Args:
            name: the folder of the command.
            commands: its words, each time.
            statuses: the exit statuses, with blanks between.
            typed: what the pipe contains that is its stdin.
            environment: its credentials; none are those of the server.
        """
        done = subprocess.run(
            [sys.executable, *TALKATIVE, "-c", COMMANDS.format(name), json.dumps(commands)],
            cwd=self.folder,
            env=self._environment(environment or self.credentials()),
            input=typed,
            capture_output=True,
            text=True,
            check=False,
            timeout=NET_S,
        )
        number = len(list(self._said.iterdir()))
        (self._said / f"{number}-{name}").write_text(done.stdout + done.stderr)
        assert done.stderr.splitlines()[-1] == statuses, done.stderr
        return done.stdout

    def crash(self, uuid: str) -> None:
        """Have workTF end by SIGABRT while it computes, and keep what Python says of it."""
        begun = self.folder / "begun"
        words = [uuid, "--", "sh", "-c", f"touch {begun}; exec sleep 600"]
        with subprocess.Popen(
            [sys.executable, *TALKATIVE, "-m", "taskfarm_cli.work.main", *words],
            cwd=self.folder,
            env=self._environment(self.credentials()),
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            wait_until(begun.exists)
            process.send_signal(signal.SIGABRT)
            _, said = process.communicate(timeout=NET_S)
        assert process.returncode == -signal.SIGABRT
        assert "Current thread" in said
        self.write("crash", said)

    def _environment(self, more: dict[str, str]) -> dict[str, str]:
        return {**os.environ, **more, "TASKFARM_DEBUG": "1"}

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
    hooks = ["--on-end", LOOK, "--on-failure", LOOK]
    left.run("work", [*words, *hooks, "--results", "kept", "--", CURIOUS], statuses="5")
    (manifest,) = left.folder.glob("taskfarm-*.json")
    kept: list[list[str]] = [["--log", "log"], ["--tag"]]
    left.run("work", *([*words, *each, "--", CURIOUS] for each in kept), statuses="5 5")
    return manifest.stem.removeprefix("taskfarm-")


def log_in_by_all_ways(left: Left, server: LocalServer, home: Path) -> None:
    """Give the password in each way that there is, and in those that are refused."""
    url, user, password = server.url, server.user, server.password
    alone = {"TASKFARM_URL": url, "HOME": str(home)}
    who = ["--list", "-u", user, "-p"]
    # Nothing is taken from ~/.netrc, where other programs keep passwords for a host.
    home.mkdir()
    netrc = home / ".netrc"
    netrc.write_text(f"machine 127.0.0.1 login {user} password {password}\n")
    netrc.chmod(0o600)
    typed = f"{password}\n{password}-wrong\n"
    statuses = "0 3 0 3 2 2 2"
    left.run(
        "manage",
        [*who, "-"],
        [*who, "-"],
        [*who, password],
        ["--list"],
        ["--list", "-b", url.replace("//", f"//{user}:{password}@")],
        [*who, password, "--no-such-option"],
        [*who, password, "--state", "odd"],
        statuses=statuses,
        typed=typed,
        **alone,
    )
    odd = {**alone, "TASKFARM_URL": url.replace("//", f"//{user}:{password}@")}
    left.run("manage", ["--list"], ["--whoami"], statuses="2 2", **odd)


def serve_and_crash(left: Left, folder: Path) -> list[str]:
    """Have serveTF and its processes show themselves and end by SIGABRT; return its secrets."""
    with serving("--data", folder, TASKFARM_DEBUG="1", PYTHONFAULTHANDLER="1") as serve:
        shown = serve.server()
        for process in shown:
            for what in ("environ", "cmdline"):
                text = Path(f"/proc/{process.pid}/{what}").read_text(errors="replace")
                left.write(f"server-{process.pid}-{what}", text)
        serve.process.send_signal(signal.SIGABRT)
        serve.process.wait(NET_S)
        with pytest.raises(AssertionError):
            serve.says("what it never says")
    left.write("serveTF", serve.text)
    assert shown
    assert "Current thread" in serve.text
    key, password = (folder / name for name in ("secret-key", f"password-{SERVES_AS}"))
    return [key.read_text().strip(), password.read_text().strip()]


def invitations(lines: list[str]) -> list[str]:
    """Return the tokens in the addresses that viewTF printed."""
    return [line.partition("token=")[2].split()[0] for line in lines if "token=" in line]


def test_nothing_that_is_left_behind_holds_a_secret(
    left: Left,
    taskfarm_server: LocalServer,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # For what is to hold a secret.
    server, elsewhere = taskfarm_server, tmp_path_factory.mktemp("elsewhere")
    left.run("manage", ["--login"])
    (login,) = logins.saved_logins()
    token = login.token
    secrets = [*forms_of(server.user, server.password), *forms_of(token, "")]
    # Not with the login in place, which would answer for what is given wrongly.
    with monkeypatch.context() as patch:
        patch.setenv("TASKFARM_CONFIG", str(left.folder / "none"))
        log_in_by_all_ways(left, server, elsewhere / "home")

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
        viewing(
            server,
            *("--journal", left.folder / "journal", "--allow-actions"),
            TASKFARM_DEBUG="1",
            PYTHONFAULTHANDLER="1",
            PYTHONDEVMODE="1",
        ) as view,
        viewer(view.next_address()) as browser,
    ):
        for path in ("", f"runs/{uuid}", f"runs/{uuid}/tasks/1"):
            left.write(f"page-{path.replace('/', '-')}", browser.get(path).text)
        view.next_address()
        view.end(signal.SIGABRT)
    assert any("Current thread" in line for line in view.lines)
    left.write("viewTF", "\n".join(line for line in view.lines if "token=" not in line))
    secrets += (tokens := invitations(view.lines))
    assert len(tokens) == 2

    left.crash(bare)
    secrets += serve_and_crash(left, elsewhere / "data")

    names = [path.name for path in left.files()]
    assert {"page.html", "script", "shown", "log", "crash", "serveTF"} <= {*names}
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
