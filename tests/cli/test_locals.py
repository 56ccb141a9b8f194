"""Local variables of the command line's errors, as a traceback tool shows them: no secret."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from taskfarm_cli.common import guard
from taskfarm_cli.manage.main import main as manage_tf
from taskfarm_cli.serve.main import main as serve_tf
from taskfarm_cli.view.main import main as view_tf
from taskfarm_cli.work.main import main as work_tf
from taskfarm_sdk import logins
from tests.support.locals_shown import forms_of, lines_that_show, shown_with_locals
from tests.support.secrecy import PASSWORD, TOKEN
from tests.support.stub_server import Reply, document, page, stub_server

UUID = "0" * 32
NOWHERE = "http://127.0.0.1:1/api/"
SECRETS = [*forms_of("me", PASSWORD), *forms_of(TOKEN, "")]
Main = Callable[[Sequence[str]], int]


class Caught:
    """The errors that a command ended with."""

    def __init__(self) -> None:
        self.errors: list[Exception] = []

    def note(self, error: Exception) -> str:
        """Note an error, instead of showing its text."""
        self.errors.append(error)
        return "failed"

    def assert_nothing_shows(self) -> None:
        """Fail if there is none, or one of its texts or frames has a secret."""
        (error,) = self.errors
        assert lines_that_show(shown_with_locals(error), SECRETS) == []


@pytest.fixture
def caught(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Caught:
    caught = Caught()
    monkeypatch.setattr(guard, "_told", caught.note)
    monkeypatch.setenv("TASKFARM_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    monkeypatch.chdir(tmp_path)
    return caught


@pytest.fixture
def signals() -> Iterator[None]:
    """The handlers of signals as before, which serveTF sets for its process."""
    numbers = (signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


GIVEN = ["-u", "me", "-p", PASSWORD]
WRONG: dict[str, tuple[Main, list[str]]] = {
    "manage-option": (manage_tf, [*GIVEN, "--no-such"]),
    "manage-joined": (manage_tf, ["-l", f"--password={PASSWORD}", "--state", "odd"]),
    "manage-short": (manage_tf, ["-l", f"-p{PASSWORD}", "--timeout-s", "never"]),
    "manage-no-uuid": (manage_tf, GIVEN),
    "manage-url": (manage_tf, ["-l", "-b", f"http://me:{PASSWORD}@host/"]),
    "manage-odd-url": (manage_tf, ["-l", "-b", f"http://me:{PASSWORD}", *GIVEN]),
    "manage-no-user": (manage_tf, ["-l", "-b", NOWHERE, "-p", PASSWORD]),
    "work-option": (work_tf, [*GIVEN, UUID, "--no-such", "--", "true"]),
    "work-no-command": (work_tf, [*GIVEN, UUID, "true"]),
    "work-jobs": (work_tf, [*GIVEN, UUID, "-j", "none", "--", "true"]),
    "work-together": (work_tf, [*GIVEN, UUID, "--new", "--", "true"]),
    "work-slurm": (work_tf, [*GIVEN, UUID, "--slurm", "2", "--", "true"]),
    "work-inputs": (work_tf, [*GIVEN, "--create", "--inputs", "absent", "--", "true"]),
    "work-program": (work_tf, [*GIVEN, "-b", NOWHERE, UUID, "--", "no-such-program"]),
    "view-option": (view_tf, [*GIVEN, "--no-such"]),
    "view-url": (view_tf, ["-b", f"http://me:{PASSWORD}@host/"]),
    "view-no-user": (view_tf, ["-b", NOWHERE, "-p", PASSWORD]),
    "serve-option": (serve_tf, ["--database-url", f"postgresql://me:{PASSWORD}@h/n", "--no-such"]),
    "serve-url": (serve_tf, ["--database-url", f"postgresql://me:{PASSWORD}/@h/n"]),
    "serve-scheme": (serve_tf, ["--database-url", f"mysql://me:{PASSWORD}@h/n"]),
    "serve-name": (serve_tf, ["--database-url", f"postgresql://me:{PASSWORD}@h"]),
    "serve-query": (serve_tf, ["--database-url", f"postgresql://h?password={PASSWORD}"]),
}


@pytest.mark.usefixtures("signals")
@pytest.mark.parametrize(("main", "words"), WRONG.values(), ids=WRONG.keys())
def test_no_wrong_command_line_shows_a_secret(
    main: Main, words: list[str], caught: Caught, tmp_path: Path
) -> None:
    more = ["--data", str(tmp_path / "data")] if main is serve_tf else []
    assert main([*more, *words]) != 0
    caught.assert_nothing_shows()


AT_A_SERVER: dict[str, tuple[Main, list[str]]] = {
    "list": (manage_tf, ["-l"]),
    "info": (manage_tf, [UUID]),
    "create": (manage_tf, ["-n", "3"]),
    "delete": (manage_tf, ["--delete", UUID, "-y"]),
    "reset": (manage_tf, ["--reset", UUID]),
    "repair": (manage_tf, ["--repair", UUID]),
    "wait": (manage_tf, ["--wait", UUID]),
    "login": (manage_tf, ["--login"]),
    "whoami": (manage_tf, ["--whoami"]),
    "view": (view_tf, []),
    "view-run": (view_tf, [UUID]),
    "work": (work_tf, [UUID, "--", "true"]),
    "work-create": (work_tf, ["--create", "--num-tasks", "3", "--", "true"]),
}
REPLIES: dict[str, Reply | bytes] = {
    "401": page(401),
    "403": page(403),
    "404": page(404),
    "html": page(200),
    "encoded": Reply(200, b"\x1f\x8b", {"Content-Encoding": "gzip"}),
    "odd-token": document([TOKEN]),
}


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES.keys())
@pytest.mark.parametrize(("main", "words"), AT_A_SERVER.values(), ids=AT_A_SERVER.keys())
@pytest.mark.parametrize("source", ["argument", "environment", "login"])
def test_no_command_shows_a_secret_when_its_server_fails(
    main: Main,
    words: list[str],
    reply: Reply | bytes,
    source: str,
    caught: Caught,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with stub_server(reply) as server:
        more = ["-b", server.url]
        if source == "environment" or "--login" in words:
            monkeypatch.setenv("TASKFARM_USER", "me")
            monkeypatch.setenv("TASKFARM_PASSWORD", PASSWORD)
        elif source == "login":
            logins.save_login(server.url, "me", TOKEN)
        else:
            more += GIVEN
        at = words.index("--") if "--" in words else len(words)
        assert main([*words[:at], *more, *words[at:]]) != 0
    caught.assert_nothing_shows()


@pytest.mark.parametrize("main", [manage_tf, work_tf], ids=["manage", "work"])
def test_no_damaged_file_of_logins_shows_a_secret(
    main: Main, caught: Caught, tmp_path: Path
) -> None:
    (tmp_path / "config").mkdir()
    logins.login_file().touch(mode=0o600)
    logins.login_file().write_text(json.dumps({"logins": [{"token": TOKEN}]}))
    assert main(["-l"] if main is manage_tf else [UUID, "--", "true"]) != 0
    caught.assert_nothing_shows()


def test_a_password_from_stdin_does_not_show(
    caught: Caught, monkeypatch: pytest.MonkeyPatch
) -> None:
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))
    with stub_server(page(401)) as server:
        assert manage_tf(["-l", "-b", server.url, "-u", "me", "-p", "-"]) == 3
    caught.assert_nothing_shows()


@pytest.mark.parametrize("command", ["/dev/null", "/"])
def test_a_command_that_cannot_be_started_does_not_show_the_environment(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from taskfarm_sdk.execution.parts import Group, plain_environment, with_threads

    monkeypatch.setenv("HTTPS_PROXY", f"http://me:{PASSWORD}@proxy.invalid:1")
    with pytest.raises(OSError, match=command) as raised:
        Group([command], env=with_threads(plain_environment(), 1))
    assert lines_that_show(shown_with_locals(raised.value), SECRETS) == []


def test_slurms_commands_that_cannot_be_started_do_not_show_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from taskfarm_cli.common.exit_status import CommandError
    from taskfarm_cli.work.slurm import cli

    monkeypatch.setenv("HTTPS_PROXY", f"http://me:{PASSWORD}@proxy.invalid:1")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CommandError, match="there is no sbatch") as raised:
        cli.submit("", [], has_time=False)
    assert lines_that_show(shown_with_locals(raised.value), SECRETS) == []
    assert os.environ["HTTPS_PROXY"]
