"""The commands of docs/how-to/operate-a-server.md that back up and restore a server on SQLite."""

from __future__ import annotations

import datetime
import signal
import stat
import threading
from pathlib import Path

import pytest

from taskfarm_sdk import Farm
from tests.support.page_commands import run_commands
from tests.support.serve_tf import serving

pytestmark = pytest.mark.live

PAGE = "operate-a-server.md"
DATA, BACKUPS = "/var/lib/taskfarm", "/var/backups/taskfarm"


def _login(url: str, data: Path) -> str:
    password = (data / "password-taskfarm").read_text().strip()
    with Farm(url, user="taskfarm", password=password) as farm:
        return farm.login()


def _restore(backup: Path, data: Path) -> None:
    values = {f"{BACKUPS}/2026-01-31": str(backup), DATA: str(data)}
    run_commands(PAGE, "Restore SQLite", values)


def test_a_backup_of_a_serving_server_is_restored_here_and_on_another_machine(
    tmp_path: Path,
) -> None:
    data, backups = tmp_path / "data", tmp_path / "backups"
    with serving("--data", data) as serve, Farm(serve.url, token=_login(serve.url, data)) as farm:
        token = farm.login()
        run = farm.create_run(6)
        with run.worker() as worker:
            tasks = iter(worker)
            for _ in range(2):
                next(tasks).complete()
            open_task = next(tasks)
            stop = threading.Event()

            def write() -> None:
                while not stop.is_set():
                    farm.create_run(1).delete()

            writer = threading.Thread(target=write)
            writer.start()
            try:
                done = run_commands(
                    PAGE, "Back up SQLite", {BACKUPS: str(backups), DATA: str(data)}
                )
            finally:
                stop.set()
                writer.join()
            assert done.stdout == "ok\n"
            open_task.complete()
            next(tasks).complete()
        later = farm.create_run(1)
        assert serve.end(signal.SIGTERM) == 0
    backup = backups / datetime.date.today().isoformat()  # noqa: DTZ011 - as `date` does
    assert sorted(path.name for path in backup.iterdir()) == [
        "password-taskfarm",
        "secret-key",
        "taskfarm.db",
    ]
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    for name in ("taskfarm.db", "taskfarm.db-wal", "secret-key"):  # of a first start there
        (elsewhere / name).write_text("not those of the backup")
    for folder in (data, elsewhere):
        _restore(backup, folder)
        assert {stat.S_IMODE(path.stat().st_mode) for path in folder.glob("*-*")} == {0o600}
        with serving("--data", folder) as serve, Farm(serve.url, token=token) as farm:
            uuids = [one.uuid for one in farm.runs()]
            assert run.uuid in uuids
            assert later.uuid not in uuids
            restored = farm.get_run(run.uuid)
            status = restored.status()
            assert (status.done, status.computing) == (2, 1)
            restored.reset()
            with restored.worker() as worker:
                for task in worker:
                    task.complete()
            assert restored.status().succeeded
