"""Templates of commands: what stands for a task in their words."""

from __future__ import annotations

import pytest

from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.work.sources.inputs import Columns
from taskfarm_cli.work.template import Job, Template, without_items
from tests.support.hostile_values import HOSTILE


def filled(word: str, text: str | None, *, task: int = 6, slot: int = 1) -> str:
    template = Template(["program", word], shell=False, has_inputs=text is not None)
    return template.fill(Job(task, 10 * task, text, {}, slot))[1]


@pytest.mark.parametrize(
    ("word", "text", "expected"),
    [
        pytest.param("{task}", "in", "6", id="task"),
        pytest.param("{input}", "a b", "a b", id="input"),
        pytest.param("{}", "a b", "a b", id="braces are the input"),
        pytest.param("{}", None, "60", id="braces without inputs are the item"),
        pytest.param("{item}", "in", "60", id="item"),
        pytest.param("{#}", "in", "61", id="counted from 1"),
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


SITES = Columns(("lat", "name"), "sites.csv", is_strict=True)
LAX = Columns(("lat", "name"), "sites.json")
AT = {"lat": "-3.5", "name": "a b"}


def filled_by_column(
    word: str, *, columns: Columns = SITES, values: dict[str, str] = AT, shell: bool = False
) -> str:
    words = [word] if shell else ["program", word]
    template = Template(words, shell=shell, has_inputs=True, columns=columns)
    return template.fill(Job(6, 60, "whole", values, 1))[-1]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        pytest.param("{lat}", "-3.5", id="a column"),
        pytest.param("{name}/{lat}{lat}", "a b/-3.5-3.5", id="inside a word, twice"),
        pytest.param("{input} {item} {task}", "whole 60 6", id="with others"),
        pytest.param("{{lat}", "{lat}", id="escaped"),
        pytest.param("{{{lat}}", "{-3.5}", id="escaped, and a column"),
        pytest.param("{{print}", "{print}", id="another's braces"),
        pytest.param("{print $1} { lat }", "{print $1} { lat }", id="no name in braces"),
        pytest.param("${lat} ${HOME}", "${lat} ${HOME}", id="a shell's variables"),
        pytest.param("{la{lat}t}", "{la-3.5t}", id="nothing is replaced twice"),
    ],
)
def test_a_columns_name_in_braces_is_its_value(word: str, expected: str) -> None:
    assert filled_by_column(word) == expected


@pytest.mark.parametrize("value", HOSTILE)
def test_a_columns_value_stays_one_word_and_is_not_replaced_again(value: str) -> None:
    assert filled_by_column("{name}", values={**AT, "name": value}) == value
    assert filled_by_column("--name={name}", values={**AT, "name": value}) == f"--name={value}"


@pytest.mark.parametrize("word", ["{lon}", "x{lon}y", "{Lat}", "{print}", "{lat}{größe}"])
def test_a_name_that_is_no_column_is_refused_where_columns_are_declared(word: str) -> None:
    with pytest.raises(UsageError, match="is no column of sites.csv, which has lat, name: correct"):
        filled_by_column(word)


def test_what_the_error_says_of_a_brace_works() -> None:
    with pytest.raises(UsageError, match="write {{print} for the text {print}"):
        filled_by_column("{print}")
    assert filled_by_column("{{print}") == "{print}"


def test_with_json_objects_only_names_of_columns_are_replaced() -> None:
    assert filled_by_column("{lat} {print} {lon}", columns=LAX) == "-3.5 {print} {lon}"


def test_a_column_comes_before_a_placeholder_of_its_name() -> None:
    columns = Columns(("input", "task"), "x.csv", is_strict=True)
    values = {"input": "I", "task": "T"}
    assert filled_by_column("{input} {task} {}", columns=columns, values=values) == "I T whole"
    assert filled_by_column("${input}", columns=columns, values=values) == "${input}"


def test_without_columns_two_braces_stay() -> None:
    assert filled("{{input}}", "in") == "{in}"
    assert filled("{{ x }}", "in") == "{{ x }}"


@pytest.mark.parametrize("word", ["{x}", "echo $TASKFARM_IN_x"])
def test_a_key_that_is_no_column_is_refused_with_the_reason(word: str) -> None:
    columns = Columns(without={"x": "input 7 is no JSON object"})
    with pytest.raises(UsageError, match="{x} is no column: input 7 is no JSON object"):
        filled_by_column(word, columns=columns)
    assert filled_by_column("{y}", columns=columns) == "{y}"


def test_no_column_comes_into_a_shells_line_as_text() -> None:
    with pytest.raises(UsageError, match=r'{name} is not .* write "\$TASKFARM_IN_name" instead'):
        filled_by_column("echo {name}", shell=True)
    line = 'echo "$TASKFARM_IN_name" ${lat} {item}'
    assert filled_by_column(line, shell=True) == 'echo "$TASKFARM_IN_name" ${lat} 60'


def test_a_name_that_no_shell_knows_is_told_so() -> None:
    with pytest.raises(UsageError, match="rename the column"):
        filled_by_column("echo {größe}", columns=Columns(("größe",), "x.csv"), shell=True)


def test_the_environment_holds_the_item_the_input_and_its_columns() -> None:
    job = Job(6, 60, "whole", AT, 1)
    assert job.environment() == {
        "TASKFARM_ITEM": "60",
        "TASKFARM_INPUT": "whole",
        "TASKFARM_IN_lat": "-3.5",
        "TASKFARM_IN_name": "a b",
    }
    around = {**job.environment(), "TASKFARM_URL": "http://farm.invalid", "HOME": "/"}
    assert without_items(around) == {"TASKFARM_URL": "http://farm.invalid", "HOME": "/"}


def test_a_column_counts_as_the_input_in_the_warning_about_unused_ones() -> None:
    def uses(word: str) -> bool:
        return Template(["x", word], shell=False, has_inputs=True, columns=SITES).uses_input

    assert uses("{lat}")
    assert uses("sh -c $TASKFARM_IN_lat")
    assert not uses("{item}")


@pytest.mark.parametrize(
    ("words", "shell", "word"),
    [
        (["./train", "{}"], False, "{}"),
        (["./train", "{item}", "{task}"], False, "{item}"),
        (["./train", "out.{#}"], False, "{#}"),
        (["./train", "{/.}"], False, "{/.}"),
        (['./train "$TASKFARM_ITEM"'], True, "TASKFARM_ITEM"),
        (["./train", "{task}", "{%}"], False, None),
        (['./train "$TASKFARM_TASK"'], True, None),
        (["./train"], False, None),
    ],
)
def test_what_stands_for_an_item_is_known(words: list[str], shell: bool, word: str | None) -> None:
    assert Template(words, shell=shell, has_inputs=False).item_word == word


@pytest.mark.parametrize(
    ("words", "shell"),
    [
        (["./train", "--seed={task}", "{}"], False),
        (['./train --seed "$TASKFARM_TASK"'], True),
        (["./train", "{task}"], False),
    ],
)
def test_the_tasks_number_alone_does_not_go_with_several_items(
    words: list[str], shell: bool
) -> None:
    template = Template(words, shell=shell, has_inputs=True)
    with pytest.raises(UsageError, match="write {item}"):
        template.check_several()


@pytest.mark.parametrize(
    ("words", "shell"),
    [
        (["./train", "{item}", "{task}"], False),
        (["./train", "{#}", "{task}"], False),
        (['./train "$TASKFARM_TASK/$TASKFARM_ITEM"'], True),
        (["./train", "{}"], False),
    ],
)
def test_with_the_items_number_several_items_make_a_task(words: list[str], shell: bool) -> None:
    Template(words, shell=shell, has_inputs=True).check_several()


def test_a_column_called_task_is_not_the_tasks_number() -> None:
    columns = Columns(("task",), "x.csv", is_strict=True)
    Template(["x", "{task}"], shell=False, has_inputs=True, columns=columns).check_several()
