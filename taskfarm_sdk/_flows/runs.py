"""The flows of runs: what `Farm` and `Run`, and their awaited twins, do."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, TypeVar

from taskfarm_sdk import _validation
from taskfarm_sdk._protocol import operations
from taskfarm_sdk._protocol.operations import CountsRow, RunRow
from taskfarm_sdk._sansio.retry import CREATE, DELETE, READ, RESTART, Answer, Look, Rule
from taskfarm_sdk._sansio.steps import Call, Flow
from taskfarm_sdk._session.request import ask
from taskfarm_sdk._session.session import Session
from taskfarm_sdk.errors import (
    NotFound,
    RunNotFound,
    TaskfarmError,
)

# Imported where it is used: a list of runs does without.
if TYPE_CHECKING:
    from taskfarm_sdk._models import RunStatus

R = TypeVar("R")


def num_tasks_of(row: RunRow | CountsRow) -> int:
    """Return a run's number of tasks, or 0 if another client stored something odd."""
    held = row.num_tasks
    sound = type(held) is int and 1 <= held <= _validation.MAX_TASKS
    return held if sound and isinstance(held, int) else 0


def rows_of(row: CountsRow) -> int:
    """Return how many of a run's tasks exist, as far as counts taken one by one can say."""
    return row.waiting + row.computing + row.done


def create(farm: Session, num_tasks: int) -> Flow[RunRow]:
    """Create a run; what was sent is not sent again."""
    wanted = _validation.number_of_tasks(num_tasks)
    call = operations.create_run(wanted)._replace(fresh=True)
    return (yield from ask(farm, lambda: call, CREATE))


def list_all(farm: Session, give_up_after_s: float | None = None) -> Flow[list[RunRow]]:
    """List all runs by id; PostgreSQL gives them in any order."""
    until = _until(farm, give_up_after_s)
    rows = yield from ask(farm, operations.list_runs, READ, until=until)
    return sorted(rows, key=attrgetter("id"))


def find(farm: Session, uuid: str, give_up_after_s: float | None = None) -> Flow[CountsRow]:
    """Get a run with its counts."""
    wanted = _validation.run_uuid(uuid)
    until = _until(farm, give_up_after_s)
    return (
        yield from ask_of_run(farm, wanted, lambda: operations.counts(wanted), READ, until=until)
    )


def _until(farm: Session, give_up_after_s: float | None) -> float:
    """Return until when to try: as long as the farm does, unless the caller says how long."""
    if give_up_after_s is None:
        return farm.deadline()
    patience_s = _validation.seconds("give_up_after_s", give_up_after_s, zero=True, endless=True)
    return farm.deadline(patience_s)


def status(farm: Session, uuid: str, until: float | None = None) -> Flow[RunStatus]:
    """Get how a run stands."""
    row = yield from ask_of_run(farm, uuid, lambda: operations.counts(uuid), READ, until=until)
    return status_from(row)


def status_from(row: CountsRow) -> RunStatus:
    """Work out how a run stands: what waits is what nobody has, whether it exists yet or not."""
    import attrs

    from taskfarm_sdk._models import RunStatus
    from taskfarm_sdk._protocol import lease as leases

    total = num_tasks_of(row)
    known = RunStatus(
        num_tasks=total,
        waiting=max(0, total - row.computing - row.done),
        computing=row.computing,
        done=row.done,
        failed=None,
        percent_done=row.percent_done,
        rows=rows_of(row),
    )
    if not known.finished:
        return known
    return attrs.evolve(known, failed=leases.failed_tasks(total, row.percent_done))


def restart(farm: Session, uuid: str, *, everything: bool) -> Flow[None]:
    """Have the server set tasks waiting; what was sent is not sent again."""
    call = operations.restart_run(uuid, everything=everything)._replace(fresh=True)
    yield from ask_of_run(farm, uuid, lambda: call, RESTART)


def delete(farm: Session, uuid: str) -> Flow[None]:
    """Delete a run; one that is gone after an attempt of unknown outcome was deleted by it."""
    maybe_done = False

    def look(_: TaskfarmError) -> Flow[Answer | None]:
        nonlocal maybe_done
        maybe_done = True
        yield from ()
        return None

    try:
        yield from ask_of_run(farm, uuid, lambda: operations.delete_run(uuid), DELETE, look=look)
    except RunNotFound:
        if not maybe_done:
            raise


def ask_of_run(
    farm: Session,
    uuid: str,
    make: Callable[[], Call[R]],
    rule: Rule,
    *,
    look: Look | None = None,
    until: float | None = None,
) -> Flow[R]:
    """Ask about a run, for which the server's 404 says that there is no such run."""
    try:
        return (yield from ask(farm, make, rule, look=look, until=until))
    except NotFound as error:
        raise RunNotFound(
            f"there is no run {uuid} at {farm.url}: it was deleted, or is on another server "
            "(manageTF --list shows the runs)",
            status=error.status,
            url=error.url,
            detail=error.detail,
            run=uuid,
        ) from error
