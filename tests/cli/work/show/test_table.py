"""The table of what was kept: the inputs' columns are in it if they are surely the items' own."""

from __future__ import annotations

import csv
from pathlib import Path

import attrs
import pytest

from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.work.command_line.parse import parse
from taskfarm_cli.work.commands.identity import IDENTITY, Identity
from taskfarm_cli.work.show import table
from taskfarm_cli.work.show.kept import Kept
from taskfarm_cli.work.show.streams import Reader
from taskfarm_cli.work.sources.load import load
from taskfarm_cli.work.sources.origin import document_of

OWN = ["item", "attempt", "exit", "stdout", "stderr"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of --results with item 1 of 2."""
    monkeypatch.chdir(tmp_path)
    own = tmp_path / "out" / "1"
    own.mkdir(parents=True)
    for name, text in (("stdout", "one\n"), ("stderr", ""), ("exit", "0\n")):
        (own / name).write_text(text)
    return tmp_path / "out"


def identify(folder: Path, *words: str) -> Identity:
    """Say of a folder what it is for: the inputs of a command line."""
    asked = parse(["0" * 32, *words, "--", "true"]).asked
    inputs = load(asked)
    assert inputs is not None
    own = Identity("http://x.invalid/", "0" * 32, len(inputs), 1)
    own = attrs.evolve(own, inputs_sha256=inputs.digest(), inputs=document_of(asked))
    (folder / IDENTITY).write_text(own.to_json())
    return own


def rows(folder: Path) -> list[list[str]]:
    """Return the table of a folder."""
    kept = Kept.of(folder)
    with Reader() as reader, table.written(Path("t.csv"), folder, reader) as write:
        for item in kept.numbers():
            write(item, kept.record(item))
    with Path("t.csv").open(newline="") as file:
        return list(csv.reader(file))


def test_the_columns_of_the_inputs_stand_behind_the_items_number(folder: Path) -> None:
    identify(folder, "--grid", "lr=0.1,0.01", "--grid", "seed=7")
    assert rows(folder) == [
        ["item", "lr", "seed", "attempt", "exit", "stdout", "stderr"],
        ["0", "0.1", "7", "", "", "", ""],
        ["1", "0.01", "7", "", "0", "one", ""],
    ]


def test_inputs_without_columns_are_one(folder: Path) -> None:
    Path("in").write_text("a,b\nc\n")
    identify(folder, "--inputs", "in")
    assert [row[:2] for row in rows(folder)] == [["item", "input"], ["0", "a,b"], ["1", "c"]]


def test_columns_of_the_inputs_never_hide_those_of_the_table(folder: Path) -> None:
    names = ("exit", "input_exit", "item", "lat")
    identify(folder, *(word for name in names for word in ("--grid", f"{name}=1,2")))
    (header, *_) = rows(folder)
    assert header[:1] + header[-4:] == OWN
    assert header[1:-4] == ["input_input_exit", "input_exit", "input_item", "lat"]


def test_where_the_inputs_have_changed_the_table_is_without_them_and_that_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("in").write_text("a\nb\n")
    identify(folder, "--inputs", "in")
    Path("in").write_text("a\nx\n")
    assert rows(folder)[0] == OWN
    assert "the table has no columns of the inputs" in capsys.readouterr().err


def test_inputs_of_another_number_of_items_are_not_taken(folder: Path) -> None:
    own = identify(folder, "--grid", "i=0:2")
    (folder / IDENTITY).write_text(attrs.evolve(own, items=3).to_json())
    assert rows(folder)[0] == OWN


def test_where_nothing_tells_the_inputs_nothing_is_said_of_them(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rows(folder) == [OWN, ["1", "", "0", "one", ""]]
    assert capsys.readouterr().err == ""


def test_the_inputs_are_never_written_over(folder: Path) -> None:
    Path("t.csv").write_text("a,b\n1,2\n3,4\n")
    identify(folder, "--csv", "t.csv")
    with pytest.raises(UsageError, match="the items have their inputs from this file"):
        rows(folder)
    assert Path("t.csv").read_text() == "a,b\n1,2\n3,4\n"
    Path("t.csv").unlink()
    Path("data.txt").symlink_to("t.csv")
    Path("t.csv").write_text("x")
    identify(folder, "--glob", "data.*")
    with pytest.raises(UsageError, match="the items have their inputs from this file"):
        rows(folder)


def test_an_error_leaves_the_table_of_before(folder: Path) -> None:
    Path("t.csv").write_text("before")
    Path("t.csv").chmod(0o640)

    def fail() -> None:
        with Reader() as reader, table.written(Path("t.csv"), folder, reader) as write:
            write(1, Kept.of(folder).record(1))
            raise OSError("no space")

    files = sorted(Path.cwd().iterdir())
    with pytest.raises(OSError, match="no space"):
        fail()
    assert (Path("t.csv").read_text(), sorted(Path.cwd().iterdir())) == ("before", files)
    assert len(rows(folder)) == 2
    assert (Path("t.csv").stat().st_mode & 0o777, sorted(Path.cwd().iterdir())) == (0o640, files)


def test_an_error_names_the_file_that_was_asked_for(folder: Path) -> None:
    with (
        Reader() as reader,
        pytest.raises(FileNotFoundError, match="no folder/t.csv"),
        table.written(Path("no folder/t.csv"), folder, reader),
    ):
        pass
