"""What a killed worker of this host had in hand: the next worker of the run takes it back."""

from __future__ import annotations

import logging
import os
import signal
import socket
import stat
import threading
from pathlib import Path

import httpx
import pytest

from taskfarm_sdk import Farm, Run
from taskfarm_sdk._worker import in_hand
from taskfarm_sdk._worker import killed as killed_workers
from taskfarm_sdk.worker import core_of, worker_of_chunks
from tests.support.clock import FastClock
from tests.support.farms import farm_by
from tests.support.fault_proxy import FaultProxy
from tests.support.inside import held
from tests.support.killed import computed, holding, killed, leave_noted, state_files, state_folder
from tests.support.processes import NET_S, wait_until

pytestmark = pytest.mark.live


@pytest.fixture
def run(proxied_farm: Farm) -> Run:
    return proxied_farm.create_run(3)


@pytest.mark.parametrize("linger", [True, False])
@pytest.mark.parametrize(("beats", "within_s"), [(True, 0.0), (False, 3.0)])
def test_what_a_killed_process_held_is_computed_at_once_and_counted(
    run: Run, token: str, clock: FastClock, beats: bool, within_s: float, linger: bool
) -> None:
    killed(run, token, 2, beats=beats)
    began = clock.now()
    assert sorted(computed(run.worker(linger=linger))) == [(0, 1), (1, 1), (2, 0)]
    assert clock.now() - began == pytest.approx(within_s)
    assert state_files() == []


def test_one_who_is_at_work_takes_it_back_between_two_tasks(
    run: Run, token: str, clock: FastClock
) -> None:
    killed(run, token, 1)
    with run.worker() as worker:
        first = worker.claim()
        assert first is not None
        clock.advance(3)
        first.complete()
        task = worker.claim()
        assert task is not None
        assert run.task_info(0).attempts == 1
        task.release()


def test_one_who_lingers_takes_back_what_is_killed_meanwhile(
    run: Run, token: str, clock: FastClock
) -> None:
    with holding(run, token, 3) as pid:
        clock.in_a_wait = lambda _: os.kill(pid, signal.SIGKILL)
        assert sorted(computed(run.worker(linger=True))) == [(0, 1), (1, 1), (2, 1)]


def test_where_it_is_a_position_a_percentage_without_a_lease_is_taken_back_as_0(
    run: Run, token: str
) -> None:
    with run.worker() as plain:
        task = plain.claim()
        assert task is not None
        task.release()
    with httpx.Client(base_url=run._link.session.url, auth=(token, "")) as client:
        client.put(f"runs/{run.uuid}/tasks/0", json={"percentCompleted": 37.5}).raise_for_status()
    killed(run, token, 1)
    with worker_of_chunks(run.worker()) as worker:
        found = [task for task in (worker.claim() for _ in range(3)) if task is not None]
        assert {task.number: task.percent_completed for task in found}[0] == 0.0
        assert run.task_info(0).attempts == 1
        for task in found:
            task.release()


def test_an_attempt_that_was_the_last_makes_it_fail(run: Run, token: str) -> None:
    killed(run, token, 3, beats=True)
    assert list(computed(run.worker(max_attempts=1))) == []
    assert run.status().failed == 3


def test_the_tasks_of_one_who_lives_stay_its_own(run: Run, token: str) -> None:
    with holding(run, token, 2, beats=True):
        assert list(computed(run.worker())) == [(2, 0)]
        assert run.status().computing == 2
        assert len(state_files()) == 1


def test_a_forked_child_keeps_the_tasks_for_as_long_as_it_lives(run: Run, token: str) -> None:
    with holding(run, token, 2, beats=True, forks=True) as child:
        pass
    try:
        assert list(computed(run.worker())) == [(2, 0)]
    finally:
        os.kill(child, signal.SIGKILL)
    # It is no child of this process, which so cannot wait for its end.
    wait_until(lambda: list(computed(run.worker())) or run.status().finished)
    assert run.status().succeeded


def test_of_two_who_come_at_once_one_takes_them_back(
    real_time_farm: Farm, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    run = real_time_farm.create_run(4)
    killed(run, token, 4, beats=True)
    together = threading.Barrier(2)
    taken: list[tuple[int, int]] = []

    def work() -> None:
        with farm_by(FastClock(), run._link.session.url, token=token) as farm:
            worker = farm.get_run(run.uuid).worker(linger=True)
            together.wait(NET_S)
            taken.extend(computed(worker))

    with caplog.at_level(logging.WARNING, "taskfarm_sdk"):
        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(taken) == [(0, 1), (1, 1), (2, 1), (3, 1)]
    assert caplog.text.count("held by a worker killed here") == 4


def test_a_task_that_a_live_worker_here_was_handed_out_since_is_left_alone(
    run: Run, token: str, clock: FastClock
) -> None:
    with run.worker(first_beat_s=30) as other:
        before = other.claim()
        assert before is not None
        before.complete()
        killed(run, token, 2)
        run.reset()
        again = [other.claim() for _ in range(2)]
        assert list(computed(run.worker(first_beat_s=0.1))) == []
        assert run.status().computing == len(again)


def test_a_task_that_somebody_elsewhere_writes_of_meanwhile_is_left_alone(
    run: Run, token: str, clock: FastClock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    killed(run, token, 3)
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("XDG_STATE_HOME", str(tmp_path / "elsewhere"))
        other = run.worker()
    run.reset()
    tasks = [other.claim() for _ in range(3)]

    def beat(_: float) -> None:
        for task in tasks:
            assert task is not None
            held(task).beat()

    clock.in_a_wait = beat
    assert list(computed(run.worker())) == []
    assert clock.waits == pytest.approx([3.0])
    assert {info.attempts for info in run.task_infos()} == {0}
    other.close()


def test_a_task_that_does_not_exist_yet_is_not_read(run: Run, proxy: FaultProxy) -> None:
    path = leave_noted(run, 2)
    worker = run.worker()
    first = worker.claim()
    assert first is not None
    assert first.number == 0
    assert proxy.count(r"^GET .*/tasks/2") == 0
    first.complete()
    assert [number for number, _ in computed(worker)] == [1, 2]
    assert not path.exists()


def test_files_of_earlier_boots_and_empty_ones_are_removed(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    empty, of_this_boot = leave_noted(run), leave_noted(run, 0)
    boot = tmp_path / "boot_id"
    boot.write_text("another-boot\n")
    monkeypatch.setattr(in_hand, "BOOT_ID", boot)
    of_today = leave_noted(run)
    with run.worker() as worker:
        assert worker.claim() is not None
        assert not empty.exists()
        assert not of_this_boot.exists()
        assert not of_today.exists()


def test_a_start_looks_at_a_few_files_of_other_runs_however_many_there_are(
    run: Run, proxied_farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = [leave_noted(other, 0) for other in [proxied_farm.create_run(1)] for _ in range(40)]
    opened: list[Path] = []
    open_file = in_hand.DeadFile.open

    def note(path: Path) -> in_hand.DeadFile | None:
        opened.append(path)
        return open_file(path)

    monkeypatch.setattr(in_hand.DeadFile, "open", note)
    with run.worker() as worker:
        assert worker.claim() is not None
    assert 0 < len(opened) <= killed_workers.TIDIED_AT_A_START < len(others)
    assert set(opened) < set(others) == set(state_files())


def test_files_of_other_hosts_runs_and_servers_stay(
    run: Run, proxied_farm: Farm, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other_run = leave_noted(proxied_farm.create_run(3), 0)
    with monkeypatch.context() as elsewhere:
        boot = tmp_path / "boot_id"
        boot.write_text("another-boot\n")
        elsewhere.setattr(in_hand, "BOOT_ID", boot)
        elsewhere.setattr(socket, "gethostname", lambda: "elsewhere")
        other_host = leave_noted(run, 0)
    place = in_hand.place("http://elsewhere.example/api/", run.uuid)
    assert place is not None
    other_server = place.new_file()
    other_server.write_bytes(other_host.read_bytes())
    with run.worker() as worker:
        assert worker.claim() is not None
    assert set(state_files()) == {other_run, other_host, other_server}


def test_only_the_user_can_see_what_is_noted_and_nothing_is_left_of_it(run: Run) -> None:
    with run.worker() as worker:
        task = worker.claim()
        assert task is not None
        (path,) = state_files()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(state_folder().stat().st_mode) == 0o700
        task.complete()
    assert state_files() == []


def test_more_tasks_than_can_be_noted_are_computed_all_the_same(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_hand, "RECORDS", 2)
    with run.worker() as worker:
        for task in [worker.claim() for _ in range(3)]:
            assert task is not None
            task.complete()
    assert run.status().succeeded
    assert state_files() == []


@pytest.mark.parametrize("lacks", ["a boot id", "flock", "a folder", "room"])
def test_where_tasks_cannot_be_noted_work_goes_on_and_that_is_said_once(
    run: Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
    tmp_path: Path, lacks: str,
) -> None:  # fmt: skip
    in_hand._say_not_noted.cache_clear()
    if lacks == "a boot id":
        monkeypatch.setattr(in_hand, "BOOT_ID", tmp_path / "none")
    elif lacks == "flock":
        monkeypatch.setattr(in_hand, "fcntl", None)
    elif lacks == "a folder":
        (tmp_path / "file").touch()
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    else:
        monkeypatch.setattr(os, "pwrite", _no_room)
    with caplog.at_level(logging.INFO, "taskfarm_sdk"):
        for _ in range(2):
            with run.worker() as worker:
                task = worker.claim()
                assert task is not None
                task.complete()
    said = [record for record in caplog.records if "is killed here" in record.getMessage()]
    usual = lacks in {"a boot id", "flock"}
    assert [record.levelname for record in said] == ["INFO" if usual else "WARNING"]
    in_hand._say_not_noted.cache_clear()


def _no_room(*_: object) -> int:
    raise OSError(28, "No space left on device")


def test_a_server_that_is_away_for_the_look_ends_nothing(
    run: Run, proxy: FaultProxy, clock: FastClock, token: str
) -> None:
    killed(run, token, 1, beats=True)
    proxy.down()
    clock.in_a_wait = lambda _: proxy.up()
    assert sorted(computed(run.worker())) == [(0, 1), (1, 0), (2, 0)]


def test_a_worker_dropped_with_its_tasks_leaves_them_to_nobody(run: Run) -> None:
    worker = run.worker()
    assert worker.claim() is not None
    core_of(worker).reporter.close()
    del worker
    assert list(computed(run.worker())) == [(1, 0), (2, 0)]
    assert run.status().computing == 1
