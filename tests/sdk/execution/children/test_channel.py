"""Messages between a parent and its child."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator

import pytest

from taskfarm_sdk.execution.children import payload
from taskfarm_sdk.execution.children.channel import (
    Channel,
    Job,
    Outcome,
    SharedProgress,
    Taken,
    slot_file,
)
from tests.support.processes import NET_S


@pytest.fixture
def ends() -> Iterator[tuple[Channel, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Channel(ours), theirs


def test_messages_arrive_whole_and_in_order(ends: tuple[Channel, socket.socket]) -> None:
    here, there = ends[0], Channel(ends[1])
    job = Job(3, 12.5, 1, "ab", "2026-01-01T00:00:00+00:00")
    here.send(job)
    here.send(job)
    assert [there.receive(Job), there.receive(Job)] == [job, job]
    outcome = Outcome("fail", "häßlich\n\0", final=True, exit_status=-9, asked_to_end=True)
    there.send(outcome)
    assert here.receive(Outcome) == outcome


def test_a_message_larger_than_the_socket_holds_arrives(
    ends: tuple[Channel, socket.socket],
) -> None:
    here, there = ends[0], Channel(ends[1])
    outcome = Outcome("fail", "x" * 5_000_000)
    thread = threading.Thread(target=there.send, args=(outcome,))
    thread.start()
    assert here.receive(Outcome, NET_S) == outcome
    thread.join()


def test_half_a_message_is_waited_for_no_longer_than_asked(
    ends: tuple[Channel, socket.socket],
) -> None:
    here, there = ends
    there.sendall(b"\0\0\0")
    assert here.receive(Taken, 0) is None
    there.sendall(b"\0\0\0\0\x0f" + b'{"fault"')
    assert here.receive(Taken, 0.01) is None
    there.sendall(b': "no"}')
    assert here.receive(Taken, 0) == Taken("no")


def test_where_the_other_end_is_closed_that_is_said(ends: tuple[Channel, socket.socket]) -> None:
    here, there = ends
    Channel(there).send(Taken())
    there.close()
    assert here.receive(Taken) == Taken()
    with pytest.raises(EOFError):
        here.receive(Taken, 5)


def test_a_descriptor_of_a_high_number_is_no_trouble() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        high = os.dup2(ours.fileno(), 1500)
        with socket.socket(fileno=high) as end:
            Channel(theirs).send(Taken())
            assert Channel(end).receive(Taken, 5) == Taken()


def shown(slot: SharedProgress) -> tuple[float | None, bool]:
    return slot.percent, slot.stop_requested


def test_a_slot_shows_at_the_other_end_what_was_written_last() -> None:
    with slot_file() as file:
        here, there = SharedProgress(file.fileno()), SharedProgress(file.fileno())
        here.percent = None
        assert shown(there) == (None, False)
        there.percent = 33.3
        here.stop_requested = True
        assert shown(here) == shown(there) == (33.3, True)
        here.close()
        there.close()


def test_luggage_is_read_by_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", ["", "/some where", "/new\nline"])
    with payload.pack(b"function\n\0" * 100_000) as file:
        for _ in range(2):
            path, function = payload.read(file.fileno())
            assert path == ["", "/some where", "/new\nline"]
            assert function == b"function\n\0" * 100_000
