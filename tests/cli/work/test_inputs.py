"""Inputs of tasks, as they are read from files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.work.inputs import LONGEST, digest, load


def loaded(tmp_path: Path, content: bytes, *, nul: bool = False) -> list[str]:
    file = tmp_path / "inputs"
    file.write_bytes(content)
    return load(str(file), nul=nul)


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
        pytest.param(b'["a", "b c", 3, {"x": 1}]', ["a", "b c", "3", '{"x": 1}'], id="JSON"),
        pytest.param(b"[x]\n[y]\n", ["[x]", "[y]"], id="lines that begin like JSON"),
    ],
)
def test_item_n_is_task_ns_input(tmp_path: Path, content: bytes, expected: list[str]) -> None:
    assert loaded(tmp_path, content) == expected


def test_nul_bytes_separate_where_that_is_asked_for(tmp_path: Path) -> None:
    assert loaded(tmp_path, b"a\nb\0c\0", nul=True) == ["a\nb", "c"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"", "there is no input", id="empty"),
        pytest.param(b"[]", "there is no input", id="empty JSON"),
        pytest.param(b"a\0b\n", "NUL", id="NUL"),
        pytest.param(b'["a\\u0000"]', "NUL", id="NUL in JSON"),
        pytest.param(b"x" * (LONGEST + 1), str(LONGEST), id="too long"),
        pytest.param(b'["\\ud800"]', "no text", id="half a character"),
    ],
)
def test_what_no_command_can_be_given_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        loaded(tmp_path, content)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere: No such file"):
        load(str(tmp_path / "nowhere"), nul=False)


def test_the_digest_is_of_the_inputs_not_of_the_file() -> None:
    assert digest(["a", "b"]) == digest(("a", "b"))
    assert len({digest(x) for x in (["a", "b"], ["ab"], ["b", "a"], ["a", "b", ""])}) == 4
