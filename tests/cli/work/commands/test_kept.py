"""What --log and --results keep, where the disk cannot or another attempt is under way."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import pytest

from taskfarm_cli.work.commands.kept import Log, Results
from taskfarm_cli.work.commands.kept_items import Record, exit_of, records
from taskfarm_cli.work.commands.output import Streams
from taskfarm_cli.work.template import Job


def keep(log: Log, item: int) -> None:
    """Keep the success of an item that wrote its number."""
    streams = log.begin(Job(0, item, None, {}, 0), 1)
    streams.out.write(b"%d" % item)
    log.end(streams, 0, 0)


def kept(folder: Path) -> list[Record]:
    return list(records(folder))


def test_what_may_be_lost_counts_for_nobody_and_no_later_call_calls_it_safe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = iter([OSError(errno.EIO, os.strerror(errno.EIO))])

    def lose(_: int) -> None:
        # As Linux: it says once that data was lost.
        for fault in faults:
            raise fault

    log = Log(str(tmp_path))
    keep(log, 0)
    log.sync()
    keep(log, 1)
    monkeypatch.setattr(os, "fsync", lose)
    for _ in range(2):
        with pytest.raises(OSError, match="Input/output"):
            log.sync()
    with pytest.raises(OSError, match="Input/output"):
        keep(log, 2)
    log.close()
    assert [record.item for record in kept(tmp_path)] == [0]


def begun(results: Results, said: bytes) -> Streams:
    """Begin an attempt at item 3 that has written something."""
    streams = results.begin(Job(0, 3, None, {}, 0), 1)
    streams.out.write(said)
    return streams


@pytest.fixture
def twice(tmp_path: Path) -> tuple[Results, Results]:
    """The results of two workTFs that share a folder."""
    return Results(str(tmp_path)), Results(str(tmp_path))


@pytest.mark.parametrize("ends_first", [True, False])
def test_of_two_attempts_at_once_the_output_of_one_is_kept_whole(
    tmp_path: Path, twice: tuple[Results, Results], ends_first: bool
) -> None:
    # The first was believed to be lost, and another workTF has its item now.
    lost, own = twice
    of_lost = begun(lost, b"much that was written")
    of_own = begun(own, b"own")
    if not ends_first:
        own.end(of_own, 0, 0)
    of_lost.out.write(b", and more")
    for _ in range(2):
        with pytest.raises(OSError, match="another attempt at it has begun.*/3'"):
            lost.end(of_lost, 0, 0)
    assert exit_of(str(tmp_path), 3) == (None if ends_first else 0), "nothing ended but its own"
    if ends_first:
        own.end(of_own, 0, 0)
    assert (tmp_path / "3" / "stdout").read_bytes() == b"own"
    assert exit_of(str(tmp_path), 3) == 0


def test_an_attempt_that_ends_while_another_begins_leaves_no_exit_status(
    tmp_path: Path, twice: tuple[Results, Results], monkeypatch: pytest.MonkeyPatch
) -> None:
    lost, own = twice
    of_lost = begun(lost, b"lost")
    unlink = Path.unlink

    def end_after_the_first(path: Path, *, missing_ok: bool = False) -> None:
        unlink(path, missing_ok=missing_ok)
        if path.name == "exit":
            monkeypatch.setattr(Path, "unlink", unlink)
            lost.end(of_lost, 0, 0)

    monkeypatch.setattr(Path, "unlink", end_after_the_first)
    begun(own, b"own")
    # It is killed now.
    assert exit_of(str(tmp_path), 3) is None


def test_a_symbolic_link_in_the_place_of_a_file_is_written_through(tmp_path: Path) -> None:
    (tmp_path / "3").mkdir()
    (tmp_path / "3" / "stdout").symlink_to(tmp_path / "elsewhere")
    results = Results(str(tmp_path))
    results.end(begun(results, b"out"), 0, 0)
    assert (tmp_path / "elsewhere").read_bytes() == b"out"


def test_the_log_tells_when_an_attempt_ended(tmp_path: Path) -> None:
    log = Log(str(tmp_path))
    began = time.time()
    keep(log, 0)
    log.close()
    (record,) = kept(tmp_path)
    assert began - 1 <= record.ended_at <= time.time() + 1
