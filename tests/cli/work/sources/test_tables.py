"""CSV files as inputs."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.work.sources.inputs import Inputs
from taskfarm_cli.work.sources.limits import LONGEST
from taskfarm_cli.work.sources.load import Asked, load
from tests.support.hostile_values import HOSTILE


def loaded(tmp_path: Path, content: str | bytes) -> Inputs:
    file = tmp_path / "sites.csv"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    inputs = load(Asked(None, nul=False, csv=str(file), grid=(), glob=(), values=()))
    assert inputs is not None
    return inputs


@pytest.mark.parametrize("delimiter", [",", ";", "\t"], ids=["comma", "semicolon", "tab"])
def test_rows_have_the_columns_of_the_first_one(tmp_path: Path, delimiter: str) -> None:
    content = "lat,lon,name\n48.1,11.5,a b\n-3,2,\n".replace(",", delimiter)
    inputs = loaded(tmp_path, content)
    assert (len(inputs), inputs.columns.names) == (2, ("lat", "lon", "name"))
    assert inputs.columns.is_strict
    assert inputs.at(0).values == {"lat": "48.1", "lon": "11.5", "name": "a b"}
    assert inputs.at(1).values == {"lat": "-3", "lon": "2", "name": ""}
    assert json.loads(inputs.at(1).text) == inputs.at(1).values


def test_any_value_comes_through_as_it_is(tmp_path: Path) -> None:
    file = io.StringIO()
    csv.writer(file).writerows([["x", "y"], *([value, "1"] for value in HOSTILE)])
    inputs = loaded(tmp_path, file.getvalue())
    assert tuple(inputs.at(number).values["x"] for number in range(len(inputs))) == HOSTILE


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param("", "has no rows", id="empty"),
        pytest.param("a,b\n", "has no rows below its header", id="header only"),
        pytest.param("a b,c\n1,2\n", "such as a_b", id="no identifier"),
        pytest.param("1,2\n3,4\n", "cannot be the name of a column", id="no header"),
        pytest.param("a,a\n1,2\n", "two columns a", id="twice"),
        pytest.param("a,b\n1\n", "line 2 of .* has 1 field", id="too few"),
        pytest.param(b"a\n\xff\n", "line 2 of .* is not UTF-8", id="another encoding"),
        pytest.param("a,b\n1,x\0y\n", "input 0 contains a NUL", id="NUL"),
        pytest.param("a,b\n1," + "x" * LONGEST + "\n", "input 0 has .* bytes", id="too long"),
        pytest.param(
            "a,b\n" + ("x" * (LONGEST // 2) + ",") + "y" * (LONGEST // 2), "input 0 has", id="sum"
        ),
    ],
)
def test_a_file_that_is_no_inputs_is_refused(
    tmp_path: Path, content: str | bytes, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        loaded(tmp_path, content)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    absent = str(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="nowhere: No such file"):
        load(Asked(None, nul=False, csv=absent, grid=(), glob=(), values=()))


def test_the_digest_is_of_names_and_values_and_not_of_the_file(tmp_path: Path) -> None:
    made = loaded(tmp_path, "a,b\n1,2\n").digest()
    assert loaded(tmp_path, 'a;b\r\n"1";2\r\n').digest() == made
    assert loaded(tmp_path, "a,c\n1,2\n").digest() != made
    assert loaded(tmp_path, "a,b\n1,3\n").digest() != made
