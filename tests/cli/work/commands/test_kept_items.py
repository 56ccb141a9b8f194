"""What is read back from the folder of --results or --log: whole records, and no others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfarm_cli.work.commands import kept_items
from taskfarm_cli.work.commands.kept_items import (
    BLOCK_BYTES,
    IndexFile,
    Output,
    exit_of,
    holds_output,
    index_line,
    log_name,
    record_of,
    records,
)


def line(
    item: int, *, attempt: int = 1, status: int = 0, end: int = 4, ended_at: float = 1e9
) -> bytes:
    """Return the line of an attempt that wrote the log's bytes 0 to 2, and 2 to `end`."""
    places = ((0, 2), (2, end - 2))
    return index_line(item // 100, item, attempt, status, places, ended_at=ended_at)


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
        pytest.param(line(5).replace(b"1000000000.0", b"NaN"), id="no time"),
        pytest.param(line(5).replace(b"1000000000.0", b"9" * 400), id="a time that is none"),
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


def items(index: IndexFile) -> list[int]:
    return [record.item for record in index.records()]


def test_a_line_that_another_machine_sees_before_its_output_is_read_again(log: Path) -> None:
    path = log.with_suffix(".index")
    path.write_bytes(line(4) + line(5, end=9) + line(6) + line(7, end=11))
    index = IndexFile(path)
    assert items(index) == [4, 6]
    assert items(index) == []
    log.write_bytes(b"abcdefghi")
    assert items(index) == [5]
    with path.open("ab") as file:
        file.write(line(8, end=20))
    assert items(index) == []
    log.write_bytes(b"x" * 20)
    assert sorted(items(index)) == [7, 8]
    assert items(index) == []


@pytest.mark.parametrize("seen", [0, 10, len(line(5)) + 20])
def test_bytes_of_an_index_that_are_late_are_read_again(log: Path, seen: int) -> None:
    path = log.with_suffix(".index")
    late = line(5) + line(6)
    # Until they are here, another machine sees zeros; the rest may be here before them.
    path.write_bytes(line(4) + late[:seen] + bytes(len(late) - seen) + line(7) + line(8))
    index = IndexFile(path)
    assert set(items(index)) == {4, 5, 8} - ({5} if seen < len(line(5)) else set())
    path.write_bytes(line(4) + late + line(7) + line(8))
    assert set(items(index)) == {6, 7} | ({5} if seen < len(line(5)) else set())
    assert items(index) == []


def test_a_torn_line_is_not_read_again_and_a_late_one_only_when_its_log_grows(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[bytes] = []
    parse = kept_items.record_of

    def noting(text: bytes, name: str) -> kept_items.Record | None:
        parsed.append(text)
        return parse(text, name)

    path = log.with_suffix(".index")
    path.write_bytes(line(4)[:30] + b"\n" + b"".join(line(item, end=5) for item in range(100)))
    index = IndexFile(path)
    assert items(index) == []
    monkeypatch.setattr(kept_items, "record_of", noting)
    assert items(index) == []
    assert parsed == []
    log.write_bytes(b"abcde")
    assert items(index) == list(range(100))
    assert len(parsed) == 100


def test_an_index_that_was_cut_says_so(log: Path) -> None:
    path = log.with_suffix(".index")
    path.write_bytes(line(4) + line(5))
    index = IndexFile(path)
    assert not index.is_cut
    items(index)
    assert not index.is_cut
    path.write_bytes(line(4))
    assert index.is_cut


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
    lines = [
        line(4, attempt=3, status=1, ended_at=30),
        line(4, attempt=1, ended_at=10),
        line(4, attempt=2, status=2, ended_at=20),
        # After a reset.
        line(4, attempt=1, status=4, ended_at=40),
    ]
    log.with_suffix(".index").write_bytes(b"".join(lines))
    ranked = sorted(records(log.parent), key=lambda record: record.rank)
    found = [(record.attempt, record.exit) for record in ranked]
    assert found == [(2, 2), (3, 1), (1, 4), (1, 0)]


def test_where_no_time_was_kept_the_attempts_are_in_the_order_of_their_numbers(log: Path) -> None:
    lines = b"".join(line(4, attempt=number, status=1) for number in (2, 3, 1))
    old = lines.replace(b', "ended_at": 1000000000.0', b"")
    assert b"ended_at" not in old
    log.with_suffix(".index").write_bytes(old)
    assert max(records(log.parent), key=lambda record: record.rank).attempt == 3


def test_a_long_output_is_read_in_parts(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"x" * 10 + b"y" * (BLOCK_BYTES + 1) + b"z")
    blocks = list(Output(str(path), 10, BLOCK_BYTES + 1).blocks())
    assert [len(block) for block in blocks] == [BLOCK_BYTES, 1]
    assert set(b"".join(blocks)) == {ord("y")}


def test_two_logs_of_one_process_have_names_of_their_own() -> None:
    assert log_name() != log_name()


def test_an_exit_status_that_cannot_be_read_is_an_error_and_not_an_open_item(
    tmp_path: Path,
) -> None:
    (tmp_path / "3").mkdir()
    (tmp_path / "3" / "exit").symlink_to("exit")
    with pytest.raises(OSError, match="symbolic links"):
        exit_of(str(tmp_path), 3)
    assert exit_of(str(tmp_path), 4) is None
