"""Inputs of tasks, as they are read from files."""

from __future__ import annotations

import gc
import os
import re
import shlex
import subprocess
import tracemalloc
from pathlib import Path

import pytest

from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.work.sources.inputs import Inputs, digest
from taskfarm_cli.work.sources.limits import LONGEST
from taskfarm_cli.work.sources.lines import load


def texts(inputs: Inputs) -> list[str]:
    return [inputs.at(number).text for number in range(len(inputs))]


def loaded(tmp_path: Path, content: bytes, *, nul: bool = False) -> list[str]:
    file = tmp_path / "inputs"
    file.write_bytes(content)
    return texts(load(str(file), nul=nul))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b"a\nb\n", ["a", "b"], id="lines"),
        pytest.param(b"a\nb", ["a", "b"], id="no end of the last line"),
        pytest.param(b"a\r\nb\r\n", ["a", "b"], id="CRLF"),
        pytest.param(b"a\n\nb\n", ["a", "", "b"], id="an empty line is an input"),
        pytest.param(b"\xef\xbb\xbfa\n", ["a"], id="a byte order mark"),
        pytest.param(
            b"a\x0cb\n\xc2\x85\n",
            ["a\x0cb", os.fsdecode(b"\xc2\x85")],
            id="other ends of lines are text",
        ),
        pytest.param(b"a\xff\n", ["a\udcff"], id="bytes that are no text"),
        pytest.param(b"\xef\xbb\xbf\xef\xbb\xbfa\n", ["\ufeffa"], id="a second mark is text"),
        pytest.param(b'["a", "b c", 3, {"x": 1}]', ["a", "b c", "3", '{"x": 1}'], id="JSON"),
        pytest.param(b'\xef\xbb\xbf ["a"]', ["a"], id="JSON behind a byte order mark"),
    ],
)
def test_item_n_is_task_ns_input(tmp_path: Path, content: bytes, expected: list[str]) -> None:
    assert loaded(tmp_path, content) == expected


def test_nul_bytes_separate_where_that_is_asked_for(tmp_path: Path) -> None:
    assert loaded(tmp_path, b"a\nb\0c\0", nul=True) == ["a\nb", "c"]
    assert loaded(tmp_path, b"\xef\xbb\xbf[a\0b\0\0", nul=True) == ["\ufeff[a", "b", ""]


def test_inputs_are_not_held_as_texts(tmp_path: Path) -> None:
    file = tmp_path / "inputs"
    file.write_bytes(b"".join(b"a/name/of/a/file/%d\n" % number for number in range(20_000)))
    gc.collect()
    tracemalloc.start()
    try:
        inputs = load(str(file), nul=False)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(inputs) == 20_000
    assert held < 1.5 * file.stat().st_size


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"", "contains no inputs", id="empty"),
        pytest.param(b"[]", "contains no inputs", id="empty JSON"),
        pytest.param(b"a\0b\n", "NUL", id="NUL"),
        pytest.param(b'["a\\u0000"]', "NUL", id="NUL in JSON"),
        pytest.param(b"x" * (LONGEST + 1), str(LONGEST), id="too long"),
        pytest.param(b'["\\ud800"]', "cannot be encoded", id="half a character"),
    ],
)
def test_what_no_command_can_be_given_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        loaded(tmp_path, content)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere: No such file"):
        load(str(tmp_path / "nowhere"), nul=False)


BROKEN_JSON = [
    pytest.param("inputs", b"[x]\n[y]\n", "line 1, column 2", id="lines that begin like JSON"),
    pytest.param("a.json", b'[\n  "a",\n  "b\n]', "line 3, column 5", id="no end of a text"),
    pytest.param("A.JSON", b'{"a": 1}', "line 1, column 1: it is an object", id="an object"),
    pytest.param("a.json", b"7", "it is a single value", id="a number"),
    pytest.param("a.json", b"", "line 1, column 1", id="an empty file"),
    pytest.param("a.json", b'{"a": 1}\n{"a": 2}\n', "line 2, column 1", id="lines of JSON"),
    pytest.param("inputs", b'\xef\xbb\xbf["a",', "line 1, column 6", id="behind a mark"),
    pytest.param("inputs", b' \n["a" "b"]', "line 2, column 6", id="behind white space"),
    pytest.param("inputs", b'["a",\n "\xff"]', "line 2, column 3: it is not UTF-8", id="bytes"),
    pytest.param("inputs", b"[" * 100_000, "nested too deeply", id="nested deeply"),
    pytest.param("inputs", b"[" + b"9" * 5000 + b"]", "digits", id="a number without end"),
]


@pytest.mark.parametrize(("name", "content", "fault"), BROKEN_JSON)
def test_broken_json_is_refused_with_its_place(
    tmp_path: Path, name: str, content: bytes, fault: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=re.escape(fault)):
        load(str(tmp_path / name), nul=False)


def test_lines_that_begin_like_json_can_be_used_as_the_error_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my inputs").write_bytes(b"[x]\n[y]\n")
    with pytest.raises(UsageError) as refused:
        load("my inputs", nul=False)
    command, last = re.findall(r"`(.*)`.*-0 --inputs (.*)$", str(refused.value))[0]
    subprocess.run(command, shell=True, check=True)
    assert texts(load(shlex.split(last)[0], nul=True)) == ["[x]", "[y]"]


def test_the_digest_is_of_the_inputs_not_of_the_file() -> None:
    assert digest(["a", "b"]) == digest(("a", "b"))
    assert len({digest(x) for x in (["a", "b"], ["ab"], ["b", "a"], ["a", "b", ""])}) == 4
