"""The options of inputs, the words behind `:::`, and what is refused before anything is read."""

from __future__ import annotations

import re

import pytest

from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.work.command_line.input_arguments import MOST_ITEMS_OF_A_TASK
from taskfarm_cli.work.command_line.parse import parse
from taskfarm_sdk._items.chunks import MOST_ITEMS
from tests.support.hostile_values import HOSTILE

UUID = "0" * 32
COMMAND = ("--", "echo", "{}")


def test_words_behind_three_colons_are_values_whatever_they_look_like() -> None:
    options = parse(["--create", "-j2", ":::", *HOSTILE, ":::", "-j", "9", "--new", *COMMAND])
    assert options.values == (HOSTILE, ("-j", "9", "--new"))
    assert (options.jobs, options.new, options.uuid) == (2, False, None)
    assert options.command == ("echo", "{}")


def test_the_most_items_of_a_task_are_those_of_the_sdk() -> None:
    assert MOST_ITEMS_OF_A_TASK == MOST_ITEMS


def test_three_colons_behind_the_double_dash_belong_to_the_command() -> None:
    options = parse([UUID, "--", "parallel", "echo", ":::", "a"])
    assert options.values == ()
    assert options.command == ("parallel", "echo", ":::", "a")


def test_grids_and_patterns_are_gathered_and_never_shared_between_command_lines() -> None:
    words = ["--create", "--grid", "a=1,2", "--grid=b=0:3"]
    assert parse([*words, *COMMAND]).grid == ("a=1,2", "b=0:3")
    assert parse([*words, *COMMAND]).grid == ("a=1,2", "b=0:3")
    assert parse([UUID, "--glob", "*.nc", "--glob", "x", *COMMAND]).glob == ("*.nc", "x")


def test_a_resumed_command_line_has_the_same_items_and_no_value_is_taken_for_an_option() -> None:
    values = (":::", "--create", UUID, "--num-tasks", "3", ":::", "-p", "x")
    options = parse(["--create", "--chunk", "5", "-j2", *values, *COMMAND])
    assert options.resume == ("--chunk", "5", "-j2", *values)
    again = parse([UUID, *options.resume, *COMMAND])
    assert (again.values, again.chunk, again.create) == (options.values, 5, False)
    grid = parse(["--create", "--grid", "a=0:3", *COMMAND])
    assert grid.resume == ("--grid", "a=0:3")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["--create"], "--create needs either --inputs FILE", id="no inputs"),
        pytest.param(["--create", "--csv=a", "--num-tasks=3"], "--create needs either", id="both"),
        pytest.param(["--create", "--csv=a", "--inputs=b"], "--inputs and --csv do not", id="two"),
        pytest.param(
            [UUID, "--grid=a=1", ":::", "x"], "--grid and ::: do not go", id="grid, words"
        ),
        pytest.param([UUID, "--csv=a", "-0"], "-0 goes with --inputs", id="NUL"),
        pytest.param([UUID, "--chunk=5"], "give those of the run too", id="chunk alone"),
        pytest.param(
            ["--create", "--num-tasks=70", "--chunk=5"],
            "write --grid i=0:70 in its place, and {i} for the number",
            id="chunk of numbers",
        ),
        pytest.param(
            [UUID, "--csv=a", "--chunk=0"], "a task has 1 to 9,999 items", id="chunk of 0"
        ),
        pytest.param([UUID, "--csv=a", "--chunk=10000"], "1 to 9,999 items, not 10000", id="large"),
        pytest.param([UUID, "--csv=a", "--chunk=x"], "invalid whole number value", id="no number"),
        pytest.param(["--create", "::::", "file"], "--inputs FILE for those of a file", id="::::"),
        pytest.param([UUID, "--csv=-", "-p", "-"], "both the inputs and the password", id="stdin"),
        pytest.param(
            ["--slurm=2", UUID, "--csv=-"], "the nodes cannot read this stdin", id="nodes"
        ),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_to_write(words: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        parse([*words, *COMMAND])


def test_values_of_gnu_parallels_order_are_told_where_to_stand() -> None:
    with pytest.raises(UsageError, match=r"::: VALUE\.\.\., which stands before the --"):
        parse(["--create", "--", "echo", "{}", ":::", "a", "b"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([":::", "a"], "::: does not go with --join"),
        (["--csv", "a"], "--csv does not go with --join"),
        (["--grid", "a=1"], "--grid does not go with --join"),
        (["--chunk", "2"], "--chunk does not go with --join"),
    ],
)
def test_a_results_folder_has_its_items(words: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parse(["--join", "folder", *words])
