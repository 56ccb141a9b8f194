"""What workTF says before and after the work: mistakes found early, and how to go on."""

from __future__ import annotations

import re
import shlex
import signal
from pathlib import Path

import pytest

from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.work.command_line.parse import parse
from taskfarm_cli.work.command_line.resume_words import words_to_resume
from taskfarm_cli.work.template import Template
from taskfarm_sdk import Farm
from taskfarm_sdk.hidden import hide
from tests.support.work_tf import NewRun, computing, end, run_work_tf

UUID = "0" * 32


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ([UUID, "echo", "{}"], "echo"),
        ([UUID, "-j", "2", "sort", "-n", "{}"], "sort"),
        (["--create", "--inputs", "in", "gzip", "{}"], "gzip"),
        (["--create", "--num-tasks", "3", "./my program"], "'./my program'"),
        ([UUID, "git", "log", "--", "{}"], "git"),
    ],
)
def test_a_forgotten_double_dash_is_named_with_its_place(words: list[str], first: str) -> None:
    with pytest.raises(UsageError, match=re.escape(f"missing before {first}:")) as refused:
        parse(words)
    assert f"-- {first} ..." in str(refused.value)


def test_what_follows_a_forgotten_double_dash_is_not_repeated() -> None:
    with pytest.raises(UsageError) as refused:
        parse([UUID, "login", "-p", "secret", "--token=secret"])
    assert "secret" not in str(refused.value)


def test_an_unknown_option_is_still_called_that() -> None:
    with pytest.raises(UsageError, match="unrecognized arguments: --jbos"):
        parse([UUID, "--jbos=3", "--", "true"])


@pytest.mark.parametrize(
    ("words", "shell", "uses"),
    [
        (["echo", "{input}"], False, True),
        (["echo", "a{}"], False, True),
        (["echo", "{/.}"], False, True),
        (["sh", "-c", "echo $TASKFARM_INPUT"], False, True),
        (['echo "$TASKFARM_INPUT"'], True, True),
        (["echo", "{task}"], False, False),
        (["./program"], False, False),
        (["./program"], True, False),
    ],
)
def test_a_template_knows_whether_it_uses_the_input(
    words: list[str], shell: bool, uses: bool
) -> None:
    assert Template(words, shell=shell, has_inputs=True).uses_input is uses


@pytest.mark.parametrize(
    ("words", "password", "kept"),
    [
        (["--create", "--inputs", "in", "-j2"], None, ["--inputs", "in", "-j2"]),
        (["--create", "--new", "--num-tasks", "3"], None, []),
        (["--num-tasks=3", "-u", "me", "-p", "s3"], "s3", ["-u", "me"]),
        (["-ps3", "-b", "http://s3.test/"], "s3", ["-b", "http://s3.test/"]),
        (["--password=s3", "-0ps3"], "s3", ["-0"]),
        (["-0p", "s3", "-ps2", "--password", "s1"], "s1", ["-0"]),
        (["--sbatch-args", "-p gpu", "-p", "s3"], "s3", ["--sbatch-args", "-p gpu"]),
        (["-p", "-", "-u", "me"], "-", ["-p", "-", "-u", "me"]),
    ],
)
def test_a_resumed_command_line_creates_nothing_and_holds_no_password(
    words: list[str], password: str | None, kept: list[str]
) -> None:
    assert list(words_to_resume(words, hide(password))) == kept


@pytest.mark.live
@pytest.mark.usefixtures("work_folder")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
def test_an_interrupted_work_ends_with_the_command_that_resumes_it(
    new_run: NewRun, number: signal.Signals
) -> None:
    run = new_run(9)
    with computing(run, "sleep 86400", "--grace-s", "1") as process:
        process.send_signal(number)
        said = end(process)
    found = re.search(r"0 of 9 done; resume with: (workTF .*)", said)
    assert found is not None, said
    words = shlex.split(found[1])[1:]
    assert words[0] == run.uuid
    assert parse(words).command == ("sleep 86400",)


@pytest.mark.live
@pytest.mark.parametrize("option", ["--results", "--log", "--journal", "--joblog"])
def test_a_wrong_output_path_is_found_before_the_run_is_made(
    live_farm: Farm, work_folder: Path, option: str
) -> None:
    Path(work_folder, "file").write_text("")
    before = len(live_farm.runs())
    words = ("--create", "--num-tasks", "1", "-j1", option)
    wrong = run_work_tf(*words, "file/x", "--", "true", cwd=work_folder)
    assert (wrong.returncode, len(live_farm.runs())) == (2, before)
    assert "cannot write to file/x, which" in wrong.stderr
    assert option in wrong.stderr
    corrected = run_work_tf(*words, "right", "--", "true", cwd=work_folder)
    assert corrected.returncode == 0, corrected.stderr


@pytest.mark.live
def test_inputs_that_no_command_uses_are_mentioned(work_folder: Path) -> None:
    Path(work_folder, "in").write_text("a\n")
    words = ("--create", "--inputs", "in", "-j1", "--")
    unused = run_work_tf(*words, "true", cwd=work_folder)
    assert unused.returncode == 0
    assert "the command contains neither {input} nor TASKFARM_INPUT" in unused.stderr
    used = run_work_tf(*words, "true", "{}", cwd=work_folder)
    assert "TASKFARM_INPUT" not in used.stderr
