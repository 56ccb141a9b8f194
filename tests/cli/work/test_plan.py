"""The plan of a workTF: made once, before anything is sent, and never changed."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

import attrs
import pytest

from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.work.command_line.parse import parse
from taskfarm_cli.work.main import main
from taskfarm_cli.work.plan import Plan
from taskfarm_sdk.hidden import Hidden

UUID = "0" * 32


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the inputs `a` and `b c` in a file."""
    monkeypatch.chdir(tmp_path)
    Path("in").write_text("a\nb c\n")


def plan(*words: str, command: tuple[str, ...] = ("true",)) -> Plan:
    return Plan.of(parse([*words, "--", *command]))


def test_a_plan_holds_what_the_command_line_and_the_files_said() -> None:
    made = plan(UUID, "--inputs=in", "-j3", "--timeout-s=5", command=("echo", "{}"))
    assert made.name is not None
    assert (made.options.jobs, made.options.timeout_s) == (3, 5.0)
    assert [made.job(item, 0).input for item in range(made.num_items)] == ["a", "b c"]
    assert made.template.fill(made.job(1, 0)) == ["echo", "b c"]


def test_the_inputs_are_read_once() -> None:
    made = plan(UUID, "--inputs=in")
    Path("in").write_text("others\n")
    assert [made.job(item, 0).input for item in range(made.num_items)] == ["a", "b c"]
    assert made.job(0, 0).input == "a"


@pytest.mark.parametrize(
    ("words", "count"), [(("--num-tasks=7",), 7), (("--inputs=in",), 2)], ids=["number", "inputs"]
)
def test_a_new_run_gets_a_task_for_each_input_or_as_many_as_asked(
    words: tuple[str, ...], count: int
) -> None:
    made = plan("--create", *words)
    assert (made.name, made.num_tasks) == (None, count)


def test_a_plan_cannot_be_changed() -> None:
    made = plan(UUID)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        made.inputs = None  # type: ignore[misc]
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        made.options.jobs = 2  # type: ignore[misc]


def test_no_namespace_leaves_the_command_line() -> None:
    made = plan(UUID)
    assert not isinstance(made.options, argparse.Namespace)


def test_a_password_does_not_show_in_a_plan() -> None:
    made = plan(UUID, "-u", "me", "-p", "swordfish")
    assert made.options.password == Hidden("swordfish")
    assert "swordfish" not in repr(made)


@pytest.mark.parametrize(
    ("words", "command", "says"),
    [
        pytest.param(("abc123",), ["true"], "the whole run UUID is required", id="part of a UUID"),
        pytest.param((UUID,), ["echo", "{input}"], "give inputs with --inputs", id="no inputs"),
        pytest.param((UUID, "--inputs=none"), ["true"], "cannot read the inputs", id="no file"),
        pytest.param((UUID, "--shell"), ["echo", "x"], "one argument", id="words for a shell"),
        pytest.param(
            (UUID, "--shell", "--inputs=in"), ["echo {}"], "TASKFARM_INPUT", id="input in a shell"
        ),
        pytest.param((UUID, "--csv=no"), ["true"], "cannot read the inputs", id="no table"),
        pytest.param((UUID, "--glob=*.no"), ["true"], "no file matches", id="no such files"),
        pytest.param((UUID, "--grid=a=1"), ["echo", "{b}"], "is no column of the grid", id="name"),
        pytest.param((UUID, "--new"), ["true"], "go with --create", id="new of an old run"),
        pytest.param((UUID, "--log=l", "--tag"), ["true"], "with --results or --log", id="outputs"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_sent(
    words: tuple[str, ...],
    command: list[str],
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def send(*_: object) -> None:
        pytest.fail("a farm was opened")

    monkeypatch.setattr("taskfarm_sdk.Farm.__init__", send)
    assert main([*words, "--", *command]) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--inputs", "--csv"])
def test_a_pipe_of_inputs_is_refused_unread_where_nodes_are_to_read_it(option: str) -> None:
    os.mkfifo("pipe")
    with pytest.raises(UsageError, match="the nodes cannot read"):
        plan(UUID, "--slurm=2", f"{option}=pipe")


def test_help_starts_without_anything_heavy() -> None:
    code = (
        "import sys; from taskfarm_cli.work.main import main; main(['--help']); "
        "print(sorted({'attrs', 'httpx', 'taskfarm_sdk.execution'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_items_of_a_run_are_cut_into_its_tasks() -> None:
    Path("in").write_text("".join(f"{number}\n" for number in range(25)))
    made = plan(UUID, "--inputs=in")
    chunks = made.chunks(3)
    assert (chunks.items, chunks.size, list(chunks.of(2))) == (25, 9, list(range(18, 25)))
    job = made.of_run(3).job(20, 1)
    assert (job.task, job.item, job.input, job.slot) == (2, 20, "20", 1)
    assert job.environment() == {"TASKFARM_ITEM": "20", "TASKFARM_INPUT": "20"}


def test_a_new_run_gets_as_many_tasks_as_chunks_are_needed() -> None:
    made = plan("--create", "--chunk=4", "--grid=n=0:9")
    # 3 tasks; of 4 items each would be as many, and 3 are equal ones.
    assert (made.num_items, made.num_tasks, made.chunk) == (9, 3, 3)
    assert (made.job(8, 0).task, dict(made.job(8, 0).values)) == (2, {"n": "8"})
    assert made.options_of_workers.chunk == 3


@pytest.mark.parametrize("words", [("--chunk=4",), ()], ids=["asked for", "as the run has it"])
def test_the_tasks_number_is_refused_where_several_items_share_it(words: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="write {item}"):
        plan(UUID, "--grid=n=0:9", *words, command=("echo", "{task}")).of_run(3)
    assert plan(UUID, "--grid=n=0:9", command=("echo", "{task}")).of_run(9).chunk == 1


def test_more_items_than_a_run_has_tasks_need_chunks() -> None:
    with pytest.raises(UsageError, match=r"use chunks of up to 9,999.*--chunk"):
        plan("--create", "--grid=n=0:3000000000")
    assert plan("--create", "--grid=n=0:3000000000", "--chunk=9999").num_tasks == 300_031


@pytest.mark.parametrize(
    ("words", "environment"),
    [
        pytest.param((UUID,), {}, id="nothing tells"),
        pytest.param((UUID, "--chunk=1"), {"TASKFARM_ITEM": "6"}, id="the command line tells"),
        pytest.param(("--create", "--num-tasks=7"), {"TASKFARM_ITEM": "6"}, id="a new run"),
    ],
)
def test_without_inputs_a_tasks_number_is_an_items_only_if_something_tells_so(
    words: tuple[str, ...], environment: dict[str, str]
) -> None:
    made = plan(*words).of_run(7)
    assert (made.chunks(7).size, made.job(6, 0).task) == (1, 6)
    assert made.job(6, 0).environment() == environment
    # Another machine may not see what tells it here.
    assert (made.options_of_workers.chunk == 1) == bool(environment)


def test_chunks_of_several_items_need_the_inputs() -> None:
    with pytest.raises(UsageError, match="--chunk goes with the inputs"):
        plan(UUID, "--chunk=2")
