"""The journal: what became of each attempt, in lines of JSON, and what a sick disk costs."""

from __future__ import annotations

import datetime
import json
import logging
import os
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from taskfarm_sdk import ConfigurationError, Farm
from taskfarm_sdk._worker.journal import Journal
from taskfarm_sdk.task import handle_of
from tests.support.fault_proxy import FaultProxy

pytestmark = pytest.mark.live

DOCUMENTED = Path(__file__).parents[3] / "docs" / "reference" / "journal.md"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "journal"


def lines(folder: Path) -> list[dict[str, Any]]:
    """Return what the only file of a journal says."""
    (path,) = folder.iterdir()
    assert path.name == f"{socket.gethostname()}-{os.getpid()}.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]


def told(folder: Path, *names: str) -> list[tuple[object, ...]]:
    return [tuple(line[name] for name in names) for line in lines(folder)]


def test_each_attempt_is_a_line_that_tells_how_it_ended(proxied_farm: Farm, folder: Path) -> None:
    run = proxied_farm.create_run(3)
    with run.worker(max_attempts=2, journal=folder) as worker:
        for task in worker:
            if task.number == 0:
                task.complete()
            elif task.number == 1:
                task.fail("no luck", exit_status=3)
            else:
                task.fail("never", final=True)
        assert told(folder, "task", "attempt", "outcome", "exit_status", "message") == [
            (0, 1, "completed", None, None),
            (1, 1, "failed", 3, "no luck"),
            (2, 1, "failed for good", None, "never"),
            (1, 2, "failed for good", 3, "no luck"),
        ]
    mine = (worker.uuid, run.uuid, socket.gethostname(), os.getpid())
    assert set(told(folder, "worker", "run", "host", "pid")) == {mine}


def test_a_line_lists_the_items_that_failed_of_a_chunk(proxied_farm: Farm, folder: Path) -> None:
    run = proxied_farm.create_run(2)
    with run.worker(max_attempts=1, journal=folder) as worker:
        for task in worker:
            if task.number == 0:
                task.complete()
            else:
                handle_of(task).fail("2 of 50 items failed: 17, 41", failed_items=(41, 17))
    assert told(folder, "task", "outcome", "failed_items") == [
        (0, "completed", []),
        (1, "failed for good", [17, 41]),
    ]


def test_a_task_given_back_is_released_and_its_attempt_not_counted(
    proxied_farm: Farm, folder: Path
) -> None:
    run = proxied_farm.create_run(1)
    for _ in range(2):
        with run.worker(journal=folder) as worker:
            assert worker.claim() is not None
    with pytest.raises(ZeroDivisionError), run.worker(journal=folder) as worker:
        for task in worker:
            with task:
                _ = 1 / 0
    assert told(folder, "attempt", "outcome", "message") == [
        (1, "released", None),
        (1, "released", None),
        (1, "failed", "ZeroDivisionError: division by zero"),
    ]


def test_times_are_the_workers_in_utc_and_the_servers_where_its_reply_told(
    proxied_farm: Farm, folder: Path
) -> None:
    run = proxied_farm.create_run(2)
    before = datetime.datetime.now(datetime.UTC)
    with run.worker(journal=folder) as worker:
        first = worker.claim()
        second = worker.claim()
        assert first is not None
        assert second is not None
        first.complete()
        second.fail("held back, so nothing was sent yet")
    (start, end, server_end), (_, _, unknown) = told(folder, "start", "end", "server_end")
    times = [datetime.datetime.fromisoformat(str(text)) for text in (start, end, server_end)]
    assert all(time.utcoffset() == datetime.timedelta(0) for time in times)
    after = datetime.datetime.now(datetime.UTC)
    assert before <= times[0] <= times[1] <= after
    # The server's clock is this machine's here, and tells whole seconds.
    assert times[1].replace(microsecond=0) <= times[2] <= after
    assert unknown is None


def test_a_folder_that_cannot_be_written_is_refused_before_anything_is_claimed(
    proxy: FaultProxy, proxied_farm: Farm, tmp_path: Path
) -> None:
    run = proxied_farm.create_run(1)
    proxy.forget()
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="journal"):
        run.worker(journal=tmp_path / "file" / "folder")
    assert proxy.seen == []


def test_a_disk_that_fills_up_costs_one_warning_and_no_task(
    proxied_farm: Farm,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    run = proxied_farm.create_run(5)
    with run.worker(journal=folder) as worker:
        full = property(lambda _: Path("/dev/full"))
        monkeypatch.setattr(Journal, "path", full)
        with caplog.at_level(logging.WARNING, "taskfarm_sdk"):
            for task in worker:
                with task:
                    pass
    assert run.status().succeeded
    assert len([record for record in caplog.records if "journal" in record.message]) == 1


def test_threads_that_share_a_worker_write_whole_lines(proxied_farm: Farm, folder: Path) -> None:
    run = proxied_farm.create_run(60)
    with run.worker(journal=folder) as worker:

        def work() -> None:
            while (task := worker.claim()) is not None:
                task.complete()

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(told(folder, "task")) == [(number,) for number in range(60)]


def test_in_a_job_of_slurms_a_line_tells_which(
    proxied_farm: Farm, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("slurm_job", "slurm_array_job", "slurm_array_task", "slurm_restarts")
    jobs: list[dict[str, str]] = [
        {},
        {"SLURM_JOB_ID": "7"},
        {"SLURM_JOB_ID": "9", "SLURM_ARRAY_JOB_ID": "8", "SLURM_ARRAY_TASK_ID": "0"},
        {"SLURM_RESTART_COUNT": "2"},
    ]
    for job in jobs:
        for name, value in job.items():
            monkeypatch.setenv(name, value)
        with proxied_farm.create_run(1).worker(journal=folder) as worker:
            for task in worker:
                task.complete()
    assert told(folder, *names) == [
        (None, None, None, None),
        (7, None, None, 0),
        (9, 8, 0, 0),
        (9, 8, 0, 2),
    ]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_writes_a_file_of_its_own(folder: Path) -> None:
    journal = Journal(folder)
    pid = os.fork()
    if pid == 0:
        os._exit(0 if journal.path.name.endswith(f"-{os.getpid()}.jsonl") else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_the_reference_describes_each_field(proxied_farm: Farm, folder: Path) -> None:
    with proxied_farm.create_run(1).worker(journal=folder) as worker:
        for task in worker:
            task.complete()
    (line,) = lines(folder)
    documented = DOCUMENTED.read_text()
    assert [name for name in line if f"| `{name}` |" not in documented] == []
