"""Templates of commands: what stands for a task in their words."""

from __future__ import annotations

import pytest

from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.work.template import Job, Template


def filled(word: str, text: str | None, *, task: int = 6, slot: int = 1) -> str:
    template = Template(["program", word], shell=False, has_inputs=text is not None)
    return template.fill(Job(task, task, text, {}, slot))[1]


@pytest.mark.parametrize(
    ("word", "text", "expected"),
    [
        pytest.param("{task}", "in", "6", id="task"),
        pytest.param("{input}", "a b", "a b", id="input"),
        pytest.param("{}", "a b", "a b", id="braces are the input"),
        pytest.param("{}", None, "6", id="braces without inputs are the task"),
        pytest.param("{#}", "in", "7", id="counted from 1"),
        pytest.param("{%}", "in", "2", id="slot from 1"),
        pytest.param("x{task}-{task}y", None, "x6-6y", id="inside a word, twice"),
        pytest.param("{.}", "dir/name.tar.gz", "dir/name.tar", id="last extension"),
        pytest.param("{.}", "dir.d/name", "dir.d/name", id="a folder's dot is no extension"),
        pytest.param("{/}", "dir/name.tar", "name.tar", id="last part"),
        pytest.param("{//}", "a/b/c.txt", "a/b", id="folder"),
        pytest.param("{//}", "c.txt", ".", id="folder of a bare name"),
        pytest.param("{//}", "/c.txt", "/", id="folder at the root"),
        pytest.param("{//}", "a/b/", "a", id="folder of a folder"),
        pytest.param("{//}", "./a/b", "./a", id="folder as it was written"),
        pytest.param("{/.}", "dir/name.tar", "name", id="last part without extension"),
        pytest.param("{other} {", "in", "{other} {", id="what is no place stays"),
    ],
)
def test_a_place_is_replaced_by_what_gnu_parallel_means(
    word: str, text: str | None, expected: str
) -> None:
    assert filled(word, text) == expected


def test_what_an_input_says_is_not_replaced_again() -> None:
    assert filled("{input} {task}", "{task} {input}") == "{task} {input} 6"


def test_an_input_stays_one_word() -> None:
    template = Template(["echo", "{}"], shell=False, has_inputs=True)
    assert template.fill(Job(0, 0, "a b; rm -r .", {}, 0)) == ["echo", "a b; rm -r ."]


def test_an_input_is_wanted_and_there_are_none() -> None:
    with pytest.raises(UsageError, match="give inputs with --inputs"):
        Template(["echo", "{input}"], shell=False, has_inputs=False)


@pytest.mark.parametrize("place", ["{}", "{input}", "{.}", "{/}", "{//}", "{/.}"])
def test_no_input_comes_into_a_shells_line_as_text(place: str) -> None:
    with pytest.raises(UsageError, match="TASKFARM_INPUT"):
        Template([f"cat {place}"], shell=True, has_inputs=True)


def test_a_shells_line_may_hold_the_tasks_number() -> None:
    template = Template(["echo {task} {} > out.{#}"], shell=True, has_inputs=False)
    assert template.fill(Job(4, 4, None, {}, 0)) == ["/bin/sh", "-c", "echo 4 4 > out.5"]


def test_a_shell_takes_one_word_alone() -> None:
    with pytest.raises(UsageError, match="one argument"):
        Template(["echo", "x"], shell=True, has_inputs=False)


def test_the_program_is_known_if_it_is_the_same_for_all() -> None:
    assert Template(["ls", "{}"], shell=False, has_inputs=False).program == "ls"
    assert Template(["./{}"], shell=False, has_inputs=False).program is None
    assert Template(["{}"], shell=True, has_inputs=False).program == "/bin/sh"
