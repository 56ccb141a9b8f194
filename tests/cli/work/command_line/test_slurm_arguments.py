"""The options of --slurm, and those that are refused before anything is made."""

from __future__ import annotations

import argparse
import math

import pytest

from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.work.command_line import slurm_arguments
from taskfarm_cli.work.command_line.parse import parse
from taskfarm_cli.work.command_line.sbatch_args import sbatch_words, value_of

UUID = "0" * 32
COMMAND = ("--", "true")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 5400),
        ("1:30", 90),
        ("2:00:00", 7200),
        ("1-12", 36 * 3600),
        ("1-2:30", 26.5 * 3600),
        ("1-2:30:15", 26.5 * 3600 + 15),
        ("unlimited", math.inf),
        ("INFINITE", math.inf),
    ],
)
def test_time_limits_as_sbatch_takes_them(text: str, seconds: float) -> None:
    assert slurm_arguments.limit_s(slurm_arguments.time_limit(text)) == seconds


@pytest.mark.parametrize("text", ["", "1h", "1:2:3:4", "-5", "1-", "1.5", "1-2-3", "5\n6"])
def test_what_is_no_time_limit_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        slurm_arguments.time_limit(text)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["--time", "5"], "--slurm N", id="time"),
        pytest.param(["--keep"], "--slurm N", id="keep"),
        pytest.param(["--cancel-on-exit"], "--slurm N", id="cancel"),
        pytest.param(["--allow-loopback"], "--slurm N", id="loopback"),
        pytest.param(["--sbatch-args", "-n1"], "--slurm N", id="sbatch"),
        pytest.param(["--slurm", "0"], "at least 1", id="no worker"),
        pytest.param(["--slurm", "2", "-p", "secret"], "saved login", id="password"),
        pytest.param(["--slurm", "2", "--inputs", "-"], "stdin", id="stdin"),
        pytest.param(["--slurm", "2", "--cancel-on-exit"], "--keep", id="nothing to cancel"),
        pytest.param(["--slurm", "2", "--keep", "--linger-s", "5"], "--keep", id="linger"),
        pytest.param(["--slurm", "2", "--time", "2"], "at least 3 minutes", id="too short"),
        pytest.param(
            ["--slurm", "2", "--time", "5", "--grace-s", "200"],
            "at least 6 minutes",
            id="too short for the grace",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_reason(words: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said) as refused:
        parse([UUID, *words, *COMMAND])
    assert "secret" not in str(refused.value)


def test_options_of_sbatch_are_one_word_that_may_begin_with_a_dash() -> None:
    for words in (["--sbatch-args", "--mem=4G"], ["--sbatch-args=--mem=4G"]):
        assert parse([UUID, "--slurm", "2", *words, *COMMAND]).sbatch_args == ("--mem=4G",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ()),
        ("--mem=4G -p short", ("--mem=4G", "-p", "short")),
        ("--comment='a b' --wait-all-nodes=1", ("--comment=a b", "--wait-all-nodes=1")),
        ("--signal=B:USR1@120 -d afterok:5", ("--signal=B:USR1@120", "-d", "afterok:5")),
        ("-Hp short -N1 --nice -5", ("-Hp", "short", "-N1", "--nice", "-5")),
        ("--output=/scratch/%j -c 16", ("--output=/scratch/%j", "-c", "16")),
    ],
)
def test_options_that_sbatch_may_be_given(text: str, words: tuple[str, ...]) -> None:
    assert sbatch_words(text) == words


@pytest.mark.parametrize(
    ("text", "output"),
    [
        ("-o x", "x"),
        ("-ox", "x"),
        ("-Ho x --mem=4G", "x"),
        ("--output=x", "x"),
        ("--output x", "x"),
        ("--out x", "x"),
        ("--output=x -o y", "y"),
        ("--mem=4G", None),
        ("-p too", None),
        ("-e x", None),
        ("--overcommit", None),
        ("", None),
    ],
)
def test_where_the_output_goes_is_read_as_sbatch_reads_it(text: str, output: str | None) -> None:
    assert value_of(sbatch_words(text), "output", "o") == output


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("--array=0-3", "makes the array"),
        ("--arr 0-3", "makes the array"),
        ("-a0-3", "makes the array"),
        ("-Ha 0-3", "makes the array"),
        ("--wrap 'ls'", "follows --"),
        ("--parsable", "already"),
        ("--wait", "--keep"),
        ("-W", "--keep"),
        ("-J mine", "finds the workers"),
        ("-D /tmp", "change to that folder"),
        ("--chdir=/tmp", "change to that folder"),
        ("--test-only", "--dry-run"),
        ("-Q", "id would not be printed"),
        ("-M other", "SLURM_CLUSTERS"),
        ("--open-mode=truncate", "requeued"),
        ("--signal=TERM@60", "B:TERM@60"),
        ("--signal TERM@60", "B:TERM@60"),
        ("--export=ALL,TASKFARM_TOKEN=x", "saved login"),
        ("script.sh", "not an option"),
        ("--mem=4G script.sh", "not an option"),
        ("-n4 script.sh", "not an option"),
        ("--comment='a\nb'", "line break"),
        ("'open", "quotation"),
    ],
)
def test_options_that_would_break_it_are_refused_with_the_reason(text: str, said: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=said):
        sbatch_words(text)
    with pytest.raises(UsageError):
        parse([UUID, "--slurm", "2", f"--sbatch-args={text}", *COMMAND])


def test_the_end_begins_a_minute_before_the_limit_or_earlier_for_a_long_grace() -> None:
    assert slurm_arguments.lead_s(10.0) == 60
    assert slurm_arguments.lead_s(30.5) == 61
    assert slurm_arguments.lead_s(300.0) == 330
