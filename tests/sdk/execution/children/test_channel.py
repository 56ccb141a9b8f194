"""Messages between a parent and its child."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from taskfarm_sdk.execution.children import payload
from taskfarm_sdk.execution.children.channel import (
    Answer,
    Channel,
    Job,
    SharedProgress,
    Taken,
    slot_file,
)
from taskfarm_sdk.execution.children.pool import Child
from taskfarm_sdk.execution.children.script import Packed, pack
from taskfarm_sdk.hidden import Hidden
from tests.support.processes import NET_S, wait_until

# What a child process does with its end of a channel.
PREPARE = """
import pickle, signal, socket, sys, time
from taskfarm_sdk.execution.children.channel import Channel, Answer
end = socket.socket(fileno=int(sys.argv[1]))
"""
HALF_THEN_KILLED = """
end.sendall(b'{"how": "comp')
signal.raise_signal(signal.SIGKILL)
"""
LARGE = """
Channel(end).send(Answer("fail", "x" * 5_000_000))
time.sleep(3600)
"""
PICKLE = """
class Bomb:
    def __reduce__(self):
        return open, (sys.argv[2], "w")

end.sendall(pickle.dumps(Bomb()) + b"\\n")
time.sleep(3600)
"""


@pytest.fixture
def ends() -> Iterator[tuple[Channel, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Channel(ours), theirs


@contextmanager
def child_that(program: str, *args: str) -> Iterator[tuple[socket.socket, subprocess.Popen[bytes]]]:
    """Start a process that runs a program with the other end of a channel, and kill it at last."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        argv = [sys.executable, "-c", PREPARE + program, str(theirs.fileno()), *args]
        process = subprocess.Popen(argv, pass_fds=[theirs.fileno()])
        theirs.close()
        with process:
            try:
                yield ours, process
            finally:
                process.kill()


def state(pid: int) -> str:
    """Return the letter of a process's state: T for one that is stopped."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def sockets(pid: int) -> set[str]:
    """Return which sockets a process has open."""
    links = [str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()]
    return {link for link in links if link.startswith("socket:")}


def do_nothing(_: object) -> None:
    """Stand for a function of the user's."""


def test_messages_arrive_whole_and_in_order(ends: tuple[Channel, socket.socket]) -> None:
    here, there = ends[0], Channel(ends[1])
    job = Job(3, 12.5, 1, "ab", "2026-01-01T00:00:00+00:00", is_new=True)
    here.send(job)
    here.send(job)
    assert [there.receive(Job), there.receive(Job)] == [job, job]
    outcome = Answer("fail", "häßlich\n\0", final=True, exit_status=-9, asked_to_end=True)
    there.send(outcome)
    assert here.receive(Answer) == outcome
    outcome = Answer("fail", "2 of 9 items failed", failed_items=[17, 19])
    there.send(outcome)
    assert here.receive(Answer) == outcome


def test_a_message_larger_than_the_socket_holds_arrives(
    ends: tuple[Channel, socket.socket],
) -> None:
    here, there = ends[0], Channel(ends[1])
    outcome = Answer("fail", "x" * 5_000_000)
    thread = threading.Thread(target=there.send, args=(outcome,))
    thread.start()
    assert here.receive(Answer, NET_S) == outcome
    thread.join()


def test_half_a_message_is_waited_for_no_longer_than_asked(
    ends: tuple[Channel, socket.socket],
) -> None:
    here, there = ends
    assert here.receive(Taken, 0) is None
    there.sendall(b'{"fault"')
    assert here.receive(Taken, 0) is None
    assert here.receive(Taken, 0.01) is None
    there.sendall(b': "no"}\n')
    assert here.receive(Taken, 0) == Taken("no")


def test_a_child_that_is_stopped_in_a_message_holds_nobody_up() -> None:
    with child_that(LARGE) as (end, child):
        here = Channel(end)
        # It waits for room, for nobody reads.
        wait_until(lambda: select.select([end], [], [], 0)[0])
        child.send_signal(signal.SIGSTOP)
        wait_until(lambda: state(child.pid) == "T")
        assert here.receive(Answer, 0.01) is None
        assert here.receive(Answer, 0) is None
        child.send_signal(signal.SIGCONT)
        assert here.receive(Answer, NET_S) == Answer("fail", "x" * 5_000_000)


def test_half_a_message_of_a_killed_child_is_its_end() -> None:
    with child_that(HALF_THEN_KILLED) as (end, _):
        here = Channel(end)
        for _ in range(2):
            with pytest.raises(EOFError):
                here.receive(Answer, NET_S)


def test_what_a_child_pickles_is_its_end_and_never_loaded(tmp_path: Path) -> None:
    with child_that(PICKLE, str(tmp_path / "loaded")) as (end, _), pytest.raises(EOFError):
        Channel(end).receive(Answer, NET_S)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "rubbish",
    [b"printed by mistake", b"", b"[]", b"{}", b"[" * 9999, b'{"fault": null}', b"\xff\xfe\0"],
    ids=["text", "nothing", "list", "no fields", "nested", "other", "bytes"],
)
def test_rubbish_counts_as_the_end_whatever_follows(
    ends: tuple[Channel, socket.socket], rubbish: bytes
) -> None:
    here, there = ends
    there.sendall(rubbish + b"\n")
    Channel(there).send(Answer("complete"))
    for _ in range(2):
        with pytest.raises(EOFError):
            here.receive(Answer, NET_S)


def test_where_the_other_end_is_closed_that_is_said(ends: tuple[Channel, socket.socket]) -> None:
    here, there = ends
    Channel(there).send(Taken())
    there.close()
    assert here.receive(Taken) == Taken()
    with pytest.raises(EOFError):
        here.receive(Taken, 5)
    with pytest.raises(OSError, match="pipe"):
        here.send(Taken())


def test_a_descriptor_of_a_high_number_is_no_trouble() -> None:
    with child_that(LARGE) as (end, _):
        high = os.dup2(end.fileno(), 1500)
        with socket.socket(fileno=high) as same:
            assert Channel(same).receive(Answer, NET_S) is not None


def test_a_child_has_no_end_of_another_childs_channel() -> None:
    with payload.pack(pack(do_nothing)) as file:
        children = [Child(file.fileno(), Hidden(os.environ)) for _ in range(3)]
        try:
            assert [child.receive(Taken, NET_S) for child in children] == [Taken()] * 3
            found = [sockets(child.group.pid) for child in children]
        finally:
            for child in children:
                child.close()
    assert [len(one) for one in found] == [1, 1, 1]
    assert len(set.union(*found)) == 3


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


def test_an_item_is_noted_for_the_parent_unless_a_stop_is_asked_for() -> None:
    with slot_file() as file:
        child, parent = SharedProgress(file.fileno()), SharedProgress(file.fileno())
        child.begin()
        assert child.begin_item(7)
        assert parent.item == 7
        parent.stop_requested = True
        assert not child.begin_item(8)
        assert parent.item == 7
        child.close()
        parent.close()


def test_a_payload_is_read_by_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", ["", "/some where", "/new\nline"])
    packed = Packed(b"function\n\0" * 100_000, {"a": b"\n", "b": b""}, ())
    with payload.pack(packed) as file:
        for _ in range(2):
            taken = payload.read(file.fileno())
            assert taken.path == ["", "/some where", "/new\nline"]
            assert taken.function == packed.function
            assert taken.extras == packed.extras
