"""What is read back from the folder of --results or --log: whole records, and no others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfarm_cli.work.commands.kept_items import (
    BLOCK_BYTES,
    Identity,
    IndexFile,
    Output,
    exit_of,
    holds_output,
    index_line,
    log_name,
    read_identity,
    record_of,
    records,
)

OWN = Identity("https://farm.invalid/api/", "0" * 32, 250, 100)


def line(item: int, *, attempt: int = 1, status: int = 0, end: int = 4) -> bytes:
    """Return the line of an attempt that wrote the log's bytes 0 to 2, and 2 to `end`."""
    return index_line(item // 100, item, attempt, status, ((0, 2), (2, end - 2)))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log with four bytes."""
    path = tmp_path / "node-7.site-12-ab.log"
    path.write_bytes(b"abcd")
    return path


def text(output: Output) -> bytes:
    return b"".join(output.blocks())


def test_a_record_tells_where_the_streams_are(log: Path) -> None:
    log.with_suffix(".index").write_bytes(line(117, attempt=2, status=3))
    (record,) = records(log.parent)
    assert (record.item, record.attempt, record.exit) == (117, 2, 3)
    assert (text(record.stdout), text(record.stderr)) == (b"ab", b"cd")


def test_a_signal_is_shown_as_a_shell_shows_it(log: Path) -> None:
    log.with_suffix(".index").write_bytes(line(0, status=-9))
    assert [record.exit for record in records(log.parent)] == [137]


def test_in_a_folder_of_an_earlier_release_an_item_is_a_task(tmp_path: Path) -> None:
    (tmp_path / "host-12.log").write_bytes(b"abcd")
    old = {"task": 5, "attempt": 1, "exit": 0, "stdout": [0, 1], "stderr": [1, 3]}
    (tmp_path / "host-12.index").write_text(json.dumps(old) + "\n")
    assert [(record.item, record.exit) for record in records(tmp_path)] == [(5, 0)]


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(b"\0" * 40 + b"\n", id="zeros"),
        pytest.param(line(5)[:30] + b"\n", id="a torn line with an end"),
        pytest.param(b"[]\n", id="no object"),
        pytest.param(b'{"task": 5}\n', id="parts are missing"),
        pytest.param(line(5).replace(b'"item": 5', b'"item": -5'), id="no item"),
        pytest.param(line(5).replace(b'"exit": 0', b'"exit": "0"'), id="no status"),
        pytest.param(line(5).replace(b"[0, 2]", b"[0]"), id="no place"),
        pytest.param(line(5, end=5), id="its output is missing"),
        pytest.param(b"[" * 100_000 + b"\n", id="nested too deeply"),
    ],
)
def test_a_damaged_line_costs_no_other(log: Path, damage: bytes) -> None:
    log.with_suffix(".index").write_bytes(line(4) + damage + line(6))
    assert [record.item for record in records(log.parent)] == [4, 6]


@given(st.integers(0, 3 * len(line(4))))
def test_a_file_that_was_cut_anywhere_keeps_its_whole_lines(cut: int) -> None:
    content = b"".join(map(line, (4, 5, 6)))[:cut]
    found = [record_of(one, "log") for one in content.splitlines(keepends=True)]
    whole = content.count(b"\n")
    assert [one.item for one in found[:whole] if one is not None] == [4, 5, 6][:whole]


def test_a_line_without_an_end_is_read_once_it_has_one(log: Path) -> None:
    path = log.with_suffix(".index")
    path.write_bytes(line(4) + line(5)[:20])
    index = IndexFile(path)
    assert [record.item for record in index.records()] == [4]
    path.write_bytes(line(4) + line(5) + line(6))
    assert [record.item for record in index.records()] == [5, 6]
    assert list(index.records()) == []


def test_a_log_that_is_gone_leaves_no_record(log: Path) -> None:
    log.with_suffix(".index").write_bytes(line(4))
    log.unlink()
    assert list(records(log.parent)) == []


@pytest.mark.parametrize(
    ("shown", "expected"),
    [("0\n", [0]), ("137\n", [137]), ("", []), ("what\n", []), (None, [])],
)
def test_an_items_own_folder_is_a_record_once_it_has_ended(
    tmp_path: Path, shown: str | None, expected: list[int]
) -> None:
    own = tmp_path / "12"
    own.mkdir()
    (own / "stdout").write_bytes(b"out")
    (own / "stderr").write_bytes(b"err")
    if shown is not None:
        (own / "exit").write_text(shown)
    found = list(records(tmp_path))
    assert [record.exit for record in found] == expected
    assert [(text(one.stdout), text(one.stderr)) for one in found] == [(b"out", b"err")] * len(
        expected
    )


@pytest.mark.parametrize("name", ["012", "x", "-1", "1.0", "²"])
def test_other_folders_are_no_items(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "exit").write_text("0\n")
    assert list(records(tmp_path)) == []
    assert not holds_output(tmp_path)


def test_a_folder_that_is_not_there_yet_holds_no_output(tmp_path: Path) -> None:
    assert not holds_output(tmp_path / "new")


def test_of_an_items_records_a_success_counts_then_the_last_attempt(log: Path) -> None:
    lines = [line(4, attempt=3, status=1), line(4, attempt=1), line(4, attempt=2, status=2)]
    log.with_suffix(".index").write_bytes(b"".join(lines))
    ranked = sorted(records(log.parent), key=lambda record: record.rank)
    assert [(record.attempt, record.exit) for record in ranked] == [(2, 2), (3, 1), (1, 0)]


def test_a_long_output_is_read_in_parts(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"x" * 10 + b"y" * (BLOCK_BYTES + 1) + b"z")
    blocks = list(Output(str(path), 10, BLOCK_BYTES + 1).blocks())
    assert [len(block) for block in blocks] == [BLOCK_BYTES, 1]
    assert set(b"".join(blocks)) == {ord("y")}


def test_two_logs_of_one_process_have_names_of_their_own() -> None:
    assert log_name() != log_name()


def test_what_a_folder_is_for_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert read_identity(tmp_path) is None
    (tmp_path / "taskfarm.json").write_text(OWN.to_json())
    assert read_identity(tmp_path) == OWN


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        OWN.to_json()[:40],
        OWN.to_json().replace("250", '"250"'),
        OWN.to_json().replace("100", "0"),
        OWN.to_json().replace('"run"', '"walk"'),
    ],
)
def test_a_damaged_file_says_nothing(content: str) -> None:
    assert Identity.from_json(content) is None


def test_an_exit_status_that_cannot_be_read_is_an_error_and_not_an_open_item(
    tmp_path: Path,
) -> None:
    (tmp_path / "3").mkdir()
    (tmp_path / "3" / "exit").symlink_to("exit")
    with pytest.raises(OSError, match="symbolic links"):
        exit_of(str(tmp_path), 3)
    assert exit_of(str(tmp_path), 4) is None
