"""Items from files: lines, CSV and names of files, and what is said of files that have none."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskfarm_sdk import ConfigurationError, Items
from taskfarm_sdk._items.lines import Lines
from taskfarm_sdk._items.tables import Table

NO_SURROGATES = st.characters(exclude_categories=["Cs"])


def file_with(tmp_path: Path, content: bytes, name: str = "inputs.txt") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b"a\nb\n", ["a", "b"], id="lines"),
        pytest.param(b"a\nb", ["a", "b"], id="no end of the last line"),
        pytest.param(b"a\r\nb\r\n", ["a", "b"], id="CRLF"),
        pytest.param(b"a\r\nb\r", ["a", "b"], id="half an end of the last line"),
        pytest.param(b"a\rb\n", ["a\rb"], id="CR alone ends no line"),
        pytest.param(b"a\n\nb\n\n", ["a", "", "b", ""], id="an empty line is an item"),
        pytest.param(b"\n", [""], id="an empty line alone"),
        pytest.param(b"\xef\xbb\xbfa\n", ["a"], id="a byte order mark"),
        pytest.param("a\x0cb\n\x85ü\n".encode(), ["a\x0cb", "\x85ü"], id="other ends are text"),
        pytest.param(b"a\0b\n", ["a\0b"], id="NUL is text"),
    ],
)
def test_item_n_is_line_n(tmp_path: Path, content: bytes, expected: list[str]) -> None:
    items = Items.lines(file_with(tmp_path, content))
    assert list(items) == [items[n] for n in range(len(items))] == expected
    assert items.columns is None


@settings(deadline=None)
@given(st.lists(st.text(NO_SURROGATES.filter(lambda one: one not in "\n\r\0")), min_size=1))
def test_lines_are_read_as_they_were_written(texts: list[str]) -> None:
    # A mark at the beginning of a file is none of its text.
    content = ("\n".join(["", *texts]) + "\n").encode()
    assert list(Lines(content)) == ["", *texts]
    separated = "".join(f"{text}\0" for text in texts).encode()
    lines = Lines(separated, nul=True)
    assert list(lines) == [lines.at(number) for number in range(len(texts))] == texts


@pytest.mark.parametrize(
    ("content", "nul", "longest"),
    [(b"", False, 0), (b"a\nbcd\r\n\ne", False, 5), (b"ab", False, 2), (b"a\0bc\nd\0", True, 5)],
)
def test_the_longest_line_is_known_without_reading_each(
    content: bytes, nul: bool, longest: int
) -> None:
    assert Lines(content, nul=nul).longest == longest


def test_the_longest_row_of_a_table_is_known_over_its_lines() -> None:
    assert Table(b'a,b\n1,2\n"x\ny",3\n', "t").longest == len(b'"x\ny",3\n')
    assert Table(b"a,b\n", "t").longest == 0


def test_nul_bytes_end_texts_that_contain_line_ends() -> None:
    assert list(Lines(b"a\nb\0c\r\0", nul=True)) == ["a\nb", "c\r"]
    assert list(Lines(b"a\0b", nul=True)) == ["a", "b"]


def test_names_of_files_in_no_encoding_are_kept() -> None:
    assert list(Lines(b"a\xff\n", errors="surrogateescape")) == ["a\udcff"]


@pytest.mark.parametrize("ahead", [b"", b"\xef\xbb\xbf", "ü\n".encode() * 350_000])
def test_a_line_that_is_not_utf_8_is_named(tmp_path: Path, ahead: bytes) -> None:
    path = file_with(tmp_path, ahead + b"a\nb\xe9c\n")
    line = ahead.count(b"\n") + 2
    said = rf"line {line:,} of .*inputs.txt is not UTF-8 \(byte 0xe9\).*iconv"
    with pytest.raises(ConfigurationError, match=said):
        Items.lines(path)


def test_a_character_that_the_files_end_cuts_is_no_utf_8(tmp_path: Path) -> None:
    path = file_with(tmp_path, b"a\nb" + "ü".encode()[:1])
    with pytest.raises(ConfigurationError, match=r"line 2 .* \(byte 0xc3\)"):
        Items.lines(path)


def test_a_file_that_changes_later_makes_no_difference(tmp_path: Path) -> None:
    path = file_with(tmp_path, b"a\nb\n")
    items = Items.lines(path)
    path.write_bytes(b"c\n")
    assert list(items) == ["a", "b"]


@pytest.mark.parametrize("read", [Items.lines, Items.csv])
def test_what_cannot_be_read_is_named(tmp_path: Path, read: Callable[[str], object]) -> None:
    for name, said in (("nowhere", "nowhere: No such file"), ("", "Is a directory")):
        with pytest.raises(ConfigurationError, match=said):
            read(str(tmp_path / name))
    with pytest.raises(ConfigurationError, match=r"the file of items contains .*'a.x00b'"):
        read("a\0b")


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = file_with(tmp_path, content)
    with pytest.raises(ConfigurationError, match="inputs.txt contains no lines"):
        Items.lines(path)
    with pytest.raises(ConfigurationError, match="inputs.txt has no rows"):
        Items.csv(path)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b"a,b\n1,2\n3,4\n", [("1", "2"), ("3", "4")], id="rows"),
        pytest.param(b"\xef\xbb\xbfa,b\r\n1,2\r\n", [("1", "2")], id="a mark and CRLF"),
        pytest.param(b'a,b\n"x,y","z""z"\n', [("x,y", 'z"z')], id="quoted"),
        pytest.param(b'"a","b"\n"x\ny\n",2\n3,4\n', [("x\ny\n", "2"), ("3", "4")], id="lines"),
        pytest.param(b'a,b\n"x\r\ny",2', [("x\r\ny", "2")], id="no end of the last line"),
        pytest.param(b"\n\na,b\n\n1,2\n\r\n\n3,4\n\n", [("1", "2"), ("3", "4")], id="empty lines"),
        pytest.param(b"a,b\n,\n", [("", "")], id="empty fields"),
        pytest.param("a,ä\nü,€\n".encode(), [("ü", "€")], id="UTF-8"),
    ],
)
def test_rows_are_dicts_by_column(
    tmp_path: Path, content: bytes, expected: list[tuple[str, str]]
) -> None:
    items = Items.csv(file_with(tmp_path, content))
    assert [tuple(row.values()) for row in items] == expected
    assert [items[n] for n in range(len(items))] == list(items)
    assert items.columns == tuple(items[0])


fields = st.text(NO_SURROGATES.filter(lambda one: one != "\0"), max_size=6)


@settings(deadline=None)
@given(st.lists(st.tuples(fields, fields), min_size=1, max_size=6), st.sampled_from(["\n", "\r\n"]))
def test_what_csv_writes_is_read(rows: list[tuple[str, str]], end: str) -> None:
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([("a", "b"), *rows])
    table = Table(file.getvalue().encode(), "rows.csv")
    read = [tuple(table.at(number).values()) for number in range(len(table))]
    assert read == [tuple(row.values()) for row in table] == rows


def test_another_delimiter_can_be_given(tmp_path: Path) -> None:
    items = Items.csv(file_with(tmp_path, b"a\tb\n1\t2,3\n"), delimiter="\t")
    assert list(items) == [{"a": "1", "b": "2,3"}]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"a,b\n", "has no rows below its header", id="a header alone"),
        pytest.param(b"a,b\n1,2\n3\n", "line 3 .* has 1 field, but the header has 2", id="short"),
        pytest.param(b"a,b\n1,2,3\n", "line 2 .* has 3 fields", id="long"),
        pytest.param(b'a,b\n"x\ny",2\n3\n', "line 4 .* has 1 field", id="after a long field"),
        pytest.param(b"a,a\n1,2\n", "two columns a", id="a name twice"),
        pytest.param(b"a,\n1,2\n", "column 2 of .* has no name", id="no name"),
        pytest.param(b"a, \n1,2\n", "column 2 of .* has no name", id="a blank name"),
        pytest.param(b"a,site name\n1,2\n", "'site name' cannot .* site_name", id="a space"),
        pytest.param(b"a,2nd\n1,2\n", "'2nd' cannot .* x2nd", id="a digit"),
        pytest.param(b"a,%\n1,2\n", "'%' cannot .* such as x", id="no letter"),
        pytest.param(b"a;b\n1;2\n", "seem to be separated by ';', not ','", id="semicolons"),
        pytest.param(b'a,b\n1,2\n"x,2\n3,4\n', "line 3 .* is not CSV", id="an open quote"),
        pytest.param(b'a,b\n1,"x"y\n', "line 2 .* is not CSV", id="text after a quote"),
        pytest.param(b"a,b\r1,2\r", r"line 1 .* carriage return .*tr '.r' '.n'", id="CR alone"),
        pytest.param(b"a,b\n1,\xe9\n", "line 2 .* is not UTF-8", id="Latin-1"),
    ],
)
def test_a_faulty_table_is_refused_with_its_line(tmp_path: Path, content: bytes, said: str) -> None:
    path = file_with(tmp_path, content, "sites.csv")
    with pytest.raises(ConfigurationError, match=said) as refused:
        Items.csv(path)
    assert "sites.csv" in str(refused.value)


@pytest.mark.parametrize("delimiter", ["", "::", '"', "\n"])
def test_what_cannot_separate_columns_is_refused(tmp_path: Path, delimiter: str) -> None:
    path = file_with(tmp_path, b"a,b\n1,2\n")
    with pytest.raises(ConfigurationError, match=re.escape(repr(delimiter))):
        Items.csv(path, delimiter=delimiter)


def test_a_pattern_gives_the_sorted_names_as_they_were_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("data/b.nc", "data/10.nc", "data/deep/er/c.nc", "data/no.txt"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()
    assert list(Items.glob("data/*.nc")) == ["data/10.nc", "data/b.nc"]
    assert list(Items.glob(Path("data") / "**" / "*.nc")) == [
        "data/10.nc",
        "data/b.nc",
        "data/deep/er/c.nc",
    ]
    with pytest.raises(ConfigurationError, match=r"no file matches 'data/\*\.nz'"):
        Items.glob("data/*.nz")
