"""`--on-end` and `--on-failure`: which commands there are, and what they get."""

from __future__ import annotations

from pathlib import Path

import pytest

from taskfarm_cli.common.exit_status import CommandError, UsageError
from taskfarm_cli.work.command_line.parse import parse
from taskfarm_cli.work.hooks import Hook, Hooks, plain
from taskfarm_cli.work.screen import Screen
from taskfarm_cli.work.steering import Steering
from taskfarm_sdk.hidden import Hidden
from tests.support.secrecy import PASSWORD, TOKEN

UUID = "0" * 32


def hooks(*words: str) -> Hooks:
    return Steering.of(parse([*words, UUID, "--", "true"])).hooks


def words_of(hook: Hook | None) -> tuple[str, ...] | None:
    return None if hook is None else hook.words


def test_a_command_is_split_into_words_as_a_shell_does_and_no_shell_runs_it() -> None:
    given = hooks("--on-end", "echo 'a b' $(x) \"c\"")
    assert words_of(given.on_end) == ("echo", "a b", "$(x)", "c")
    assert given.on_failure is None


def test_with_shell_it_is_a_line_for_a_shell() -> None:
    given = hooks("--shell", "--on-failure", "no-such-program | wc")
    assert words_of(given.on_failure) == ("/bin/sh", "-c", "no-such-program | wc")


@pytest.mark.parametrize("option", ["--on-end", "--on-failure"])
@pytest.mark.parametrize("text", ["", "  "])
def test_an_empty_command_is_refused(option: str, text: str) -> None:
    with pytest.raises(UsageError, match=f"{option} needs a command"):
        hooks(option, text)


def test_an_open_quote_is_refused() -> None:
    with pytest.raises(UsageError, match="--on-end cannot be split into words.*--shell"):
        hooks("--on-end", "echo 'a")


@pytest.mark.parametrize(("program", "status"), [("no-such-program", 127), ("./a-file", 126)])
def test_a_program_that_cannot_run_is_told_before_anything_is_sent(
    program: str, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a-file").touch()
    with pytest.raises(CommandError, match=f"--on-end: .*{program}") as raised:
        hooks("--on-end", f"{program} now")
    assert raised.value.status == status


@pytest.mark.parametrize("option", ["--on-end", "--on-failure"])
def test_on_slurm_only_who_stays_sees_the_end(option: str) -> None:
    with pytest.raises(UsageError, match=f"{option} goes with --slurm only where --keep is"):
        parse([option, "true", "--slurm", "2", UUID, "--", "true"])
    assert parse([option, "true", "--slurm", "2", "--keep", UUID, "--", "true"]).keep


def test_a_command_gets_no_credentials_and_no_task_of_another_worktf() -> None:
    given = {
        "PATH": "/bin",
        "TASKFARM_CONFIG": "config",
        "TASKFARM_PASSWORD": PASSWORD,
        "TASKFARM_TOKEN": TOKEN,
        "TASKFARM_USER": TOKEN,
        "TASKFARM_URL": f"http://me:{PASSWORD}@farm.invalid/api/",
        "TASKFARM_TASK": "3",
        "TASKFARM_IN_name": "x",
    }
    assert plain(given) == {"PATH": "/bin", "TASKFARM_CONFIG": "config"}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("exit 3", "the command of --on-end failed: exit status 3"),
        ("kill -KILL $$", "the command of --on-end failed: killed by SIGKILL"),
        ("true", None),
    ],
)
def test_a_failure_is_told_and_raises_nothing(
    line: str, said: str | None, capfd: pytest.CaptureFixture[str]
) -> None:
    Hook("--on-end", ("/bin/sh", "-c", f"echo out; echo err >&2; {line}")).run(
        Hidden({}), Screen("workTF"), 1.0
    )
    out, err = capfd.readouterr()
    lines = err.splitlines()
    assert out == ""
    assert lines[:3] == ["workTF: running the command of --on-end", "out", "err"]
    assert lines[3:] == ([] if said is None else [f"workTF: {said}"])


def test_a_program_that_went_away_meanwhile_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    Hook("--on-end", ("no-such-program",)).run(Hidden({}), Screen("workTF"), 1.0)
    assert "the command of --on-end could not be started" in capfd.readouterr().err
