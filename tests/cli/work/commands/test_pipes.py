"""Pipes and spools: a stream comes whole, in order and in little memory, or its loss is told."""

from __future__ import annotations

import errno
import os
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from taskfarm_cli.work.commands import pipes
from taskfarm_cli.work.commands.pipes import Pipe
from taskfarm_cli.work.commands.spool import CHUNK, IN_MEMORY_BYTES, Spool

MUCH = bytes(range(256)) * (3 * IN_MEMORY_BYTES // 256)
FULL = Path("/dev/full")


class Flaky:
    """Keeps little at a time, and only every other time anything."""

    place = "there"

    def __init__(self, most: int = 1000) -> None:
        self.content = b""
        self._most = most
        self._fails = False

    def write(self, content: bytes) -> int:
        """Keep a little, or fail."""
        self._fails = not self._fails
        if self._fails:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.content += content[: self._most]
        return min(len(content), self._most)


def never(_: float) -> bool:
    return False


def taken(spool: Spool) -> bytes:
    content = b""
    while chunk := spool.take(whole_lines=False):
        content += chunk
    return content


@pytest.fixture
def spool() -> Iterator[Spool]:
    made = Spool()
    yield made
    made.close()


def written_through(pipe: Pipe, content: bytes) -> None:
    """Have a thread write to a pipe, and keep what comes until all is there."""

    def write() -> None:
        with open(pipe.theirs, "wb", closefd=False) as file:
            file.write(content)

    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive():
        pipe.pump()
    pipe.finish(never)


@pytest.mark.parametrize("size", [0, 1, IN_MEMORY_BYTES, IN_MEMORY_BYTES + 1, len(MUCH)])
def test_a_stream_comes_whole_and_in_order(spool: Spool, size: int) -> None:
    pipe = Pipe(spool)
    written_through(pipe, MUCH[:size])
    pipe.close()
    assert taken(spool) == MUCH[:size]
    assert pipe.fault is None


def test_the_next_stream_of_a_spool_has_nothing_of_the_last(spool: Spool) -> None:
    for content in (MUCH, b"little", MUCH[::-1]):
        spool.empty()
        left = content
        while left:
            left = left[spool.write(left) :]
        assert taken(spool) == content
        spool.rewind()
        assert taken(spool) == content


def test_lines_are_taken_whole_across_memory_and_file(spool: Spool) -> None:
    def add(content: bytes) -> None:
        while content:
            content = content[spool.write(content) :]

    add(b"one\ntw")
    assert spool.take(whole_lines=True) == b"one\n"
    add(b"o\n" + b"x" * IN_MEMORY_BYTES)
    assert spool.take(whole_lines=True) == b"two\n"
    assert spool.take(whole_lines=True) == b""
    assert len(spool.take(whole_lines=False)) == IN_MEMORY_BYTES < CHUNK


def test_much_output_is_not_kept_in_memory(spool: Spool) -> None:
    import tracemalloc

    tracemalloc.start()
    try:
        for _ in range(64):
            spool.write(MUCH)
        assert tracemalloc.get_traced_memory()[1] < 4 * len(MUCH)
    finally:
        tracemalloc.stop()


def test_what_cannot_be_kept_for_a_moment_is_not_lost() -> None:
    keeper = Flaky()
    pipe = Pipe(keeper)
    os.write(pipe.theirs, MUCH[:10_000])
    pipe.finish(never)
    pipe.close()
    assert keeper.content == MUCH[:10_000]
    assert pipe.fault is None


@pytest.mark.skipif(not FULL.exists(), reason="it needs /dev/full")
def test_a_spool_that_cannot_grow_is_a_fault_that_names_the_folder(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipes, "TRIED_FOR_S", 0.0)
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: FULL.open("r+b", buffering=0))
    pipe = Pipe(spool)
    written_through(pipe, MUCH)
    pipe.close()
    assert pipe.fault == (
        f"its output could not be kept in {tempfile.gettempdir()} (No space left on device)"
    )
    assert taken(spool) == MUCH[:IN_MEMORY_BYTES]


def test_a_folder_that_is_gone_is_a_fault_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipes, "TRIED_FOR_S", 0.0)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    pipe = Pipe(Spool())
    written_through(pipe, MUCH)
    pipe.close()
    assert pipe.fault is not None
    assert str(tmp_path / "gone") in pipe.fault


def test_when_there_is_no_more_time_what_cannot_be_kept_is_a_fault() -> None:
    class Failing(Flaky):
        def write(self, content: bytes) -> int:
            raise OSError(errno.EIO, "Input/output error")

    pipe = Pipe(Failing())
    os.write(pipe.theirs, b"content")
    pipe.finish(lambda _: True)
    pipe.close()
    assert pipe.fault == "its output could not be kept in there (Input/output error)"


def test_who_goes_on_writing_does_not_hold_up_the_end(spool: Spool) -> None:
    pipe = Pipe(spool)
    os.write(pipe.theirs, b"in time")

    class Endless(Flaky):
        def write(self, content: bytes) -> int:
            os.write(pipe.theirs, b"late")
            return len(content)

    pipe._keeper = Endless()
    pipe.finish(never)
    pipe.close()


def test_what_writes_after_the_end_finds_nobody_reading(spool: Spool) -> None:
    pipe = Pipe(spool)
    late = os.dup(pipe.theirs)
    pipe.began()
    pipe.finish(never)
    pipe.close()
    with pytest.raises(BrokenPipeError):
        os.write(late, b"late")
    os.close(late)
    assert taken(spool) == b""
