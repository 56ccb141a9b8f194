"""Runs with many tasks, without asking the server for each of them."""

from __future__ import annotations

from taskfarm_sdk import Run
from tests.support.postgresql import PostgreSQL


def fill(postgres: PostgreSQL, database: str, run: Run, count: int, first: int = 0) -> None:
    """Make a run's next tasks, done, so that it has `count`; `first` is what it has."""
    if count > first:
        postgres.run(
            'INSERT INTO tasks (task, status, "percentCompleted", run_id) '
            f"SELECT n, 'done', 100.0, {run.id} FROM generate_series({first}, {count - 1}) n",
            database,
        )
    postgres.run(f'UPDATE runs SET "nextTask" = {count} WHERE id = {run.id}', database)
    # As autovacuum does for whoever works long enough to get there.
    postgres.run("VACUUM ANALYZE tasks", database)
