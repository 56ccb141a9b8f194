"""Child processes that end as a whole."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from taskfarm_sdk._processes import groups, guardian
from taskfarm_sdk.execution.parts import Group
from tests.support.locals_shown import lines_that_show
from tests.support.processes import NET_S, everybody, members, wait_until
from tests.support.secrecy import PASSWORD, TOKEN

FOREVER = "sleep 86399"


@pytest.fixture
def group() -> Iterator[Group]:
    made = Group(["sh", "-c", f"{FOREVER} & {FOREVER}"])
    wait_until(lambda: len(members(made.pid)) == 3)
    yield made
    made.kill()


@pytest.fixture(params=["pidfd", "without pidfd"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param != "pidfd":
        monkeypatch.delattr(os, "pidfd_open")


def test_killing_it_kills_all_that_it_started(group: Group) -> None:
    assert group.kill() == -signal.SIGKILL
    assert members(group.pid) == []


def test_a_signal_reaches_all_of_it(group: Group) -> None:
    group.signal(signal.SIGTERM)
    assert group.wait(NET_S) == -signal.SIGTERM
    wait_until(lambda: members(group.pid) == [])


@pytest.mark.usefixtures("either_way")
def test_what_a_process_leaves_running_goes_with_it() -> None:
    group = Group(["sh", "-c", f"{FOREVER} & exit 3"])
    assert group.wait(NET_S) == 3
    wait_until(lambda: members(group.pid) == [])
    assert group.kill() == 3


@pytest.mark.usefixtures("either_way")
def test_while_it_runs_there_is_no_status(group: Group) -> None:
    assert group.poll() is None
    assert group.wait(0.01) is None


@pytest.mark.usefixtures("either_way")
def test_threads_may_wait_for_it_and_kill_it_at_once(group: Group) -> None:
    seen: list[int | None] = []
    threads = [threading.Thread(target=lambda: seen.append(group.wait(NET_S))) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert group.kill() == -signal.SIGKILL
    for thread in threads:
        thread.join()
    assert seen == [-signal.SIGKILL] * 4


def test_a_stopped_process_is_seen_and_notices_a_signal() -> None:
    group = Group(["sh", "-c", "kill -STOP $$"])
    wait_until(lambda: group.stopped_by() == signal.SIGSTOP, NET_S)
    group.signal(signal.SIGTERM)
    assert group.wait(NET_S) == -signal.SIGTERM
    assert group.stopped_by() is None
    group.kill()


def test_a_process_that_runs_is_not_stopped(group: Group) -> None:
    assert group.stopped_by() is None


@pytest.mark.usefixtures("either_way")
def test_waiting_ends_once_a_descriptor_can_be_read(group: Group) -> None:
    ours, theirs = os.pipe()
    os.write(theirs, b"x")
    assert group.wait(NET_S, [ours]) is None
    os.close(ours)
    os.close(theirs)


def test_a_group_that_may_not_be_signalled_is_told_of_once(
    group: Group, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refused(_: int, __: int) -> None:
        raise PermissionError

    with monkeypatch.context() as patched:
        patched.setattr(os, "killpg", refused)
        group.signal(signal.SIGTERM)
        group.signal(signal.SIGKILL)
    assert group.poll() is None
    [record] = caplog.records
    assert f"process group {group.pid} may not be signalled" in record.getMessage()


def test_a_group_is_waited_for_though_no_descriptor_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    group = Group(["true"])
    failures = iter([OSError(errno.EMFILE, "Too many open files")])
    listdir = os.listdir

    def scarce(path: Path) -> list[str]:
        for failure in failures:
            raise failure
        return listdir(path)

    monkeypatch.setattr(os, "killpg", lambda *_: None)
    monkeypatch.setattr(os, "listdir", scarce)
    assert group.kill() == 0


def test_once_ended_it_can_be_signalled_and_killed_without_harm(group: Group) -> None:
    group.kill()
    group.signal(signal.SIGTERM)
    assert group.kill() == -signal.SIGKILL


def test_a_program_that_is_not_there_is_an_os_error() -> None:
    with pytest.raises(FileNotFoundError) as caught:
        Group(["no-such-program"])
    assert caught.value.errno == errno.ENOENT


def test_a_terminals_signals_do_not_reach_it(group: Group) -> None:
    assert os.getpgid(group.pid) == group.pid != os.getpgid(0)


@pytest.mark.parametrize("end", ["os.kill(os.getpid(), 9)", "os._exit(0)", "1 / 0"])
def test_whatever_ends_its_parent_ends_it(end: str, tmp_path: Path) -> None:
    # A length of its own, by which the program knows its own children.
    forever = f"{FOREVER}.{os.getpid()}"
    program = textwrap.dedent(f"""
        import os, pathlib
        from taskfarm_sdk.execution.parts import Group
        marked = {{**os.environ, "OF": "{tmp_path}"}}
        Group(["sh", "-c", "setsid {forever} & {forever}"], env=marked)
        while len([line for line in os.popen("ps -e -o args") if "{forever}" in line]) < 3: pass
        {end}
    """)
    subprocess.run([sys.executable, "-c", program], check=False, stderr=subprocess.DEVNULL)
    wait_until(lambda: not [p for p in everybody() if str(tmp_path).encode() in _shown(p.pid)])


def _shown(pid: int) -> bytes:
    try:
        return (Path("/proc") / str(pid) / "environ").read_bytes()
    except OSError:
        return b""


def test_a_forked_child_has_a_guardian_of_its_own() -> None:
    before = groups._guard()
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(writing, groups._guard().mark.encode())
        os._exit(0)
    os.waitpid(pid, 0)
    assert os.read(reading, 100) not in (b"", before.mark.encode())
    os.close(reading)
    os.close(writing)


def test_the_guardian_kills_what_was_started_and_has_not_ended() -> None:
    assert guardian.groups_left(["+1\n", "+2\n", "-1\n", "+3\n", "-3\n", "-9\n", ".\n"]) == {2}


def test_a_process_without_its_mark_for_a_moment_is_killed_at_a_later_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks = iter([[], [], [7]])
    killed: list[int] = []
    monkeypatch.setattr(guardian, "marked", lambda _: next(looks))
    monkeypatch.setattr(os, "kill", lambda pid, _: killed.append(pid))
    guardian.kill_marked("mark", [0.0] * len(guardian.LOOKS_S))
    assert killed == [7]


def test_a_program_that_had_groups_ends_without_a_word() -> None:
    program = "from taskfarm_sdk.execution.parts import Group; Group(['true']).kill()"
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs Linux's /proc")
def test_the_guardian_gets_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKFARM_PASSWORD", PASSWORD)
    monkeypatch.setenv("TASKFARM_TOKEN", TOKEN)
    guard = groups._Guard()
    try:
        given = Path(f"/proc/{guard._process.pid}/environ").read_text(errors="replace")
    finally:
        guard.close()
    assert "PATH=" in given
    assert lines_that_show(given, [PASSWORD, TOKEN]) == []


def test_a_guardian_that_was_ended_can_be_ended_again_at_exit() -> None:
    guard = groups._Guard()
    for _ in range(2):
        guard.close()
    assert guard._process.returncode == 0
