"""Outputs of items, as they are read and written."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from taskfarm_cli.work.commands.kept_items import Output
from taskfarm_cli.work.show import streams
from taskfarm_cli.work.show.streams import Reader, copy


def open_files() -> int:
    """Return how many files this process has open."""
    return sum(1 for _ in Path("/dev/fd").iterdir())


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of two outputs."""
    path = tmp_path / "a.log"
    path.write_bytes(b"first\nsecond\n\n")
    return path


def test_a_stretch_of_a_log_and_a_whole_file_are_read(log: Path) -> None:
    with Reader() as reader:
        assert reader.whole(Output(str(log), 6, 7)) == b"second\n"
        assert reader.whole(Output(str(log))) == b"first\nsecond\n\n"
        assert reader.whole(Output(str(log), 3, 0)) == b""
        assert reader.whole(Output(str(log.with_name("gone")))) == b""


def test_an_output_larger_than_a_block_is_read_in_parts(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "BLOCK_BYTES", 5)
    with Reader() as reader:
        assert list(reader.blocks(Output(str(log), 0, 6))) == [b"first", b"\n"]


def test_few_files_stay_open_and_none_is_left_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "MOST_OPEN", 2)
    paths = [tmp_path / str(number) for number in range(5)]
    for path in paths:
        path.write_bytes(path.name.encode())
    before = open_files()
    with Reader() as reader:
        for path in [*paths, *paths]:
            assert reader.whole(Output(str(path), 0, 1)) == path.name.encode()
            assert open_files() <= before + 2
    assert open_files() == before


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"one\ntwo\n\n  \n", "two"),
        (b"no end", "no end"),
        (b"", ""),
        (b"\xff\n", r"\xff"),
        (b"x" * 10_000 + b"\nlast\n", "last"),
        (b"y" * 10_000, "y" * 4096),
    ],
)
@pytest.mark.parametrize("is_whole", [True, False])
def test_the_last_line_that_says_something_is_found(
    tmp_path: Path, content: bytes, line: str, is_whole: bool
) -> None:
    path = tmp_path / "stderr"
    path.write_bytes(content)
    with Reader() as reader:
        output = Output(str(path), 0, None if is_whole else len(content))
        assert reader.last_line(output) == line


@pytest.mark.parametrize(
    ("blocks", "written"),
    [
        ([b"a\nb\n"], b"7\ta\n7\tb\n"),
        ([b"a\nb"], b"7\ta\n7\tb\n"),
        ([b"a", b"b\n", b"c\n"], b"7\tab\n7\tc\n"),
        ([b"a\n", b"\n"], b"7\ta\n7\t\n"),
        ([b"10 %\r20 %\n"], b"7\t10 %\r20 %\n"),
        ([], b""),
    ],
)
def test_a_mark_begins_each_line_and_the_last_is_ended(blocks: list[bytes], written: bytes) -> None:
    to = io.BytesIO()
    copy(iter(blocks), to, b"7\t")
    assert to.getvalue() == written


def test_without_a_mark_the_bytes_stay_as_they_are() -> None:
    to = io.BytesIO()
    copy(iter([b"a\n\xff", b"\0b"]), to)
    assert to.getvalue() == b"a\n\xff\0b"
