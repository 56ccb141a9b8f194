"""Inputs are loaded again from where they were, if they are the same; else not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from taskfarm_cli.work.command_line.parse import parse
from taskfarm_cli.work.sources.inputs import Inputs
from taskfarm_cli.work.sources.load import load
from taskfarm_cli.work.sources.origin import document_of, load_again

UUID = "0" * 32
SOURCES = [
    pytest.param(["--inputs", "lines"], id="lines"),
    pytest.param(["-0", "--inputs", "nul"], id="NUL bytes"),
    pytest.param(["--inputs", "array.json"], id="objects"),
    pytest.param(["--csv", "table"], id="table"),
    pytest.param(["--grid", "lr=0.1,0.01", "--grid", "seed=0:30:7"], id="grid"),
    pytest.param(["--glob", "*.nc", "--glob", "./sub/**"], id="names"),
    pytest.param([":::", "a", "b c", ":::", "\udcff"], id="words"),
]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder with the files of the inputs."""
    folder = tmp_path / "h[e]re*"
    (folder / "sub").mkdir(parents=True)
    monkeypatch.chdir(folder)
    Path("lines").write_text("a\nb c\n")
    Path("nul").write_bytes(b"a\nb\0\xff\0")
    Path("array.json").write_text('[{"a": 1}, {"a": "x"}]')
    Path("table").write_text("name,lat\nX,1\nY,2\n")
    for name in ("b.nc", "a.nc", "sub/c"):
        Path(name).touch()
    return folder


def inputs_of(words: list[str]) -> tuple[dict[str, object] | None, Inputs]:
    """Return the document of a command line, as JSON keeps it, and its inputs."""
    asked = parse([UUID, *words, "--", "true"]).asked
    inputs = load(asked)
    assert inputs is not None
    return json.loads(json.dumps(document_of(asked))), inputs


@pytest.mark.parametrize("words", SOURCES)
def test_the_same_inputs_come_again_in_any_folder(
    words: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    document, inputs = inputs_of(words)
    assert document is not None
    monkeypatch.chdir(tmp_path)
    again = load_again(document, inputs.digest())
    assert again is not None
    assert again.columns.names == inputs.columns.names
    assert [again.at(n) for n in range(len(again))] == [inputs.at(n) for n in range(len(inputs))]


@pytest.mark.parametrize("words", SOURCES)
def test_inputs_with_another_digest_are_not_taken_for_them(words: list[str]) -> None:
    document, _ = inputs_of(words)
    assert document is not None
    assert load_again(document, "0" * 64) is None
    assert load_again(document, None) is None


@pytest.mark.parametrize("name", ["lines", "table", "a.nc"])
@pytest.mark.parametrize("change", ["gone", "other", "pipe"])
def test_files_that_are_gone_or_changed_are_not_taken_for_them(name: str, change: str) -> None:
    words = {"lines": ["--inputs", name], "table": ["--csv", name], "a.nc": ["--glob", "*.nc"]}
    document, inputs = inputs_of(words[name])
    assert document is not None
    Path(name).unlink()
    if change == "other" and name != "a.nc":
        Path(name).write_text("name,lat\nX,1\n")
    if change == "pipe" and name != "a.nc":
        # Reading it would wait for ever.
        os.mkfifo(name)
    assert load_again(document, inputs.digest()) is None


def test_what_cannot_be_read_twice_has_no_origin() -> None:
    os.mkfifo("pipe")
    for words in (["--inputs", "-"], ["--csv", "-"], ["--inputs", "pipe"], ["--csv", "no such"]):
        assert document_of(parse([UUID, *words, "--", "true"]).asked) is None
    assert document_of(parse([UUID, "--", "true"]).asked) is None


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"inputs": 7},
        {"inputs": ["lines"]},
        {"csv": "\0"},
        {"grid": 7},
        {"grid": ["x"]},
        {"grid": [7]},
        {"glob": 7},
        {"glob": ["*.nc"], "folder": 7},
        {"glob": [7], "folder": "/"},
        {"values": [[7]]},
        {"values": [[]]},
        {"values": 7},
        {"secret": "x"},
        {"folder": "/"},
    ],
)
def test_a_damaged_document_is_no_origin(document: dict[str, object]) -> None:
    assert load_again(document, "0" * 64) is None
