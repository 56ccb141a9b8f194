"""The flows of runs: what `Farm` and `Run`, and their awaited twins, do."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, TypeVar

from taskfarm_sdk import _validation
from taskfarm_sdk._protocol import operations
from taskfarm_sdk._protocol.operations import Count, RunRow
from taskfarm_sdk._sansio.retry import CREATE, DELETE, READ, RESTART, Answer, Look, Rule
from taskfarm_sdk._sansio.steps import Call, Flow
from taskfarm_sdk._session.request import ask
from taskfarm_sdk._session.session import Session
from taskfarm_sdk.errors import (
    NotFound,
    RunNotFound,
    TaskfarmError,
    TaskNotFound,
    UnexpectedReply,
)

# Imported where it is used: a list of runs does without.
if TYPE_CHECKING:
    from taskfarm_sdk._models import RunStatus

R = TypeVar("R")


def waiting_rows(status: RunStatus) -> int:
    """Return how many tasks wait of those that exist, as the server counts them."""
    return status.rows - status.computing - status.done


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


def find(farm: Session, uuid: str, give_up_after_s: float | None = None) -> Flow[RunRow]:
    """Get a run."""
    wanted = _validation.run_uuid(uuid)
    until = _until(farm, give_up_after_s)
    return (yield from ask_for_run(farm, wanted, lambda: operations.get_run(wanted), until=until))


def _until(farm: Session, give_up_after_s: float | None) -> float:
    """Return until when to try: as long as the farm does, unless the caller says how long."""
    if give_up_after_s is None:
        return farm.deadline()
    patience_s = _validation.seconds("give_up_after_s", give_up_after_s, zero=True, endless=True)
    return farm.deadline(patience_s)


def status(farm: Session, uuid: str, until: float | None = None) -> Flow[RunStatus]:
    """Get how a run stands."""
    return (yield from ask_for_run(farm, uuid, lambda: operations.run_status(uuid), until=until))


def count(farm: Session, uuid: str, which: Count) -> Flow[int]:
    """Get one of a run's counts."""
    return (yield from ask_for_run(farm, uuid, lambda: operations.count(uuid, which)))


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
    or_gone: str = "",
) -> Flow[R]:
    """Ask something of a run.

    The server's 404 is the same for a run that is not there and for a route that it has not, so
    the run itself is asked for then.

    Args:
        farm: the session.
        uuid: the run's.
        make: makes the request.
        rule: what follows each kind of failure.
        look: see `ask`.
        until: see `ask`.
        or_gone: what else a 404 can mean while the run is there.

    Raises:
        RunNotFound: there is no such run.
        UnexpectedReply: there is, and the server does not know what it is asked.
    """
    try:
        return (yield from ask(farm, make, rule, look=look, until=until))
    except (RunNotFound, TaskNotFound):
        raise  # found out by the look
    except NotFound as error:
        yield from status(farm, uuid, until)
        raise unknown_route(farm, uuid, error, or_gone) from error


def unknown_route(farm: Session, uuid: str, error: NotFound, or_gone: str = "") -> UnexpectedReply:
    """Return the error of a 404 though the run is there."""
    return UnexpectedReply(
        f"{farm.url} has run {uuid}, and answers 404 to {error.method} {error.url}: it does not "
        f"know this request{or_gone}; is it an older server, or another one?",
        status=error.status,
        url=error.url,
        detail=error.detail,
        run=uuid,
    )


def ask_for_run(
    farm: Session, uuid: str, make: Callable[[], Call[R]], *, until: float | None = None
) -> Flow[R]:
    """Ask how a run stands: the one route of which a 404 says that there is no such run."""
    try:
        return (yield from ask(farm, make, READ, until=until))
    except NotFound as error:
        raise RunNotFound(
            f"there is no run {uuid} at {farm.url}: it was deleted, or is on another server "
            f"(`manageTF -b {farm.url} --list` shows the runs)",
            status=error.status,
            url=error.url,
            detail=error.detail,
            run=uuid,
            method=error.method,
        ) from error
