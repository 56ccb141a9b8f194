"""The commands of docs/how-to/operate-a-server.md that back up and restore a PostgreSQL."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from taskfarm_sdk import Farm
from taskfarm_sdk.server import DataFolder
from tests.support.page_commands import run_commands
from tests.support.postgresql import Mortal, PostgreSQL
from tests.support.serve_tf import serving

pytestmark = [pytest.mark.live, pytest.mark.postgres]

PAGE = "operate-a-server.md"


def _options(postgres: PostgreSQL, data: Path) -> list[object]:
    url = postgres.url("taskfarm", "taskfarm", "secret")
    return ["--data", data, "--database-url", url, "--processes", 2, "--threads", 2]


def test_a_dump_of_a_serving_server_is_restored_with_its_tokens(
    mortal_postgres: tuple[PostgreSQL, Mortal], tmp_path: Path
) -> None:
    postgres, _ = mortal_postgres
    postgres.run("CREATE ROLE taskfarm LOGIN PASSWORD 'secret'")
    postgres.run("CREATE DATABASE taskfarm OWNER taskfarm")
    data, backups = tmp_path / "data", tmp_path / "backups"
    environment = {
        "PGHOST": str(postgres.sockets),
        "PGUSER": postgres.user,
        "PGPASSWORD": postgres.password,
        "PGDATABASE": "postgres",
    }
    places = {"/var/lib/taskfarm": str(data)}
    with serving(*_options(postgres, data)) as serve:
        password = DataFolder(data).password_file("taskfarm").read_text().strip()
        with Farm(serve.url, user="taskfarm", password=password) as farm:
            token = farm.login()
            run = farm.create_run(6)
            with run.worker() as worker:
                tasks = iter(worker)
                next(tasks).complete()
                open_task = next(tasks)
                values = {**places, "/var/backups/taskfarm": str(backups)}
                run_commands(PAGE, "Back up PostgreSQL", values, **environment)
                open_task.complete()
            later = farm.create_run(1)
    backup = backups / datetime.date.today().isoformat()  # noqa: DTZ011 - as `date` does
    (data / "secret-key").write_text("another key than that of the tokens\n")
    values = {**places, "/var/backups/taskfarm/2026-01-31": str(backup)}
    run_commands(PAGE, "Restore PostgreSQL", values, **environment)
    with serving(*_options(postgres, data)) as serve, Farm(serve.url, token=token) as farm:
        assert [one.uuid for one in farm.runs()] == [run.uuid]
        assert later.uuid != run.uuid
        restored = farm.get_run(run.uuid)
        status = restored.status()
        assert (status.done, status.computing) == (1, 1)
        restored.reset()
        with restored.worker() as worker:
            for task in worker:
                task.complete()
        assert restored.status().succeeded
    owners = postgres.run(
        "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'", "taskfarm"
    )
    assert owners == [("taskfarm",)]
