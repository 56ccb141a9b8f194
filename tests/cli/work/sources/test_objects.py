"""JSON objects as inputs: their keys are columns, in an array and on lines."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.work.sources.inputs import Inputs
from taskfarm_cli.work.sources.lines import load
from tests.support.hostile_values import HOSTILE

SITES = [{"lat": 48.1, "name": "a b"}, {"name": "c", "lat": 11}]


def loaded(tmp_path: Path, content: str, *, nul: bool = False) -> Inputs:
    file = tmp_path / "sites"
    file.write_text(content)
    return load(str(file), nul=nul)


def on_lines(values: Sequence[object]) -> str:
    return "".join(json.dumps(value) + "\n" for value in values)


@pytest.mark.parametrize("content", [json.dumps(SITES), on_lines(SITES)], ids=["array", "lines"])
def test_the_keys_of_objects_are_columns_in_an_array_and_on_lines(
    tmp_path: Path, content: str
) -> None:
    inputs = loaded(tmp_path, content)
    assert (len(inputs), inputs.columns.names) == (2, ("lat", "name"))
    assert not inputs.columns.is_strict, "awk's {print} stays"
    assert inputs.at(0).values == {"lat": "48.1", "name": "a b"}
    assert inputs.at(1).values == {"lat": "11", "name": "c"}
    assert json.loads(inputs.at(0).text) == SITES[0]


def test_a_value_that_is_no_text_is_json(tmp_path: Path) -> None:
    inputs = loaded(tmp_path, on_lines([{"a": None, "b": True, "c": [1, "x"], "d": {"e": 2}}]))
    assert inputs.at(0).values == {"a": "null", "b": "true", "c": '[1, "x"]', "d": '{"e": 2}'}


@pytest.mark.parametrize("value", HOSTILE)
def test_a_value_is_what_the_object_holds(tmp_path: Path, value: str) -> None:
    assert loaded(tmp_path, on_lines([{"x": value}])).at(0).values == {"x": value}
    assert loaded(tmp_path, json.dumps([{"x": value}])).at(0).values == {"x": value}


@pytest.mark.parametrize(
    ("values", "why"),
    [
        pytest.param([{"x": 1}, {"y": 1}], "input 1 of .* has other keys than input 0", id="keys"),
        pytest.param([{"x": 1}, {"x": 1, "y": 2}], "has other keys", id="more keys"),
        pytest.param([{"x": 1}, 7], "input 1 of .* is no JSON object", id="no object"),
        pytest.param([{"x y": 1}], "rename 'x y'", id="no identifier"),
    ],
)
def test_keys_that_are_no_columns_are_known_with_the_reason(
    tmp_path: Path, values: list[object], why: str
) -> None:
    inputs = loaded(tmp_path, on_lines(values))
    assert inputs.columns.names == ()
    key = next(iter(json.loads(inputs.at(0).text)))
    assert re.search(why, inputs.columns.without[key])


def test_a_key_that_is_no_identifier_leaves_the_other_columns(tmp_path: Path) -> None:
    inputs = loaded(tmp_path, on_lines([{"x-y": 1, "z": 2}]))
    assert inputs.columns.names == ("z",)
    assert inputs.at(0).values == {"z": "2"}


def test_lines_that_only_begin_like_objects_are_texts(tmp_path: Path) -> None:
    inputs = loaded(tmp_path, "{\n}\n")
    assert [inputs.at(number).text for number in range(2)] == ["{", "}"]
    assert inputs.columns.names == ()


def test_what_nul_bytes_separate_is_text(tmp_path: Path) -> None:
    inputs = loaded(tmp_path, '{"x": 1}\0', nul=True)
    assert (inputs.at(0).text, inputs.columns.names) == ('{"x": 1}', ())


@pytest.mark.parametrize("escape", ["\\u0000", "\\ud800"], ids=["NUL", "half a character"])
def test_a_value_that_no_command_can_be_given_is_refused(tmp_path: Path, escape: str) -> None:
    with pytest.raises(UsageError, match="input 1 (contains a NUL|cannot be encoded)"):
        loaded(tmp_path, f'{{"x": "a"}}\n{{"x": "{escape}"}}\n')
