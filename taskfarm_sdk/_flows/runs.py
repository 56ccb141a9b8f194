"""Flows that create, list, find, count, restart and delete runs."""

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

# Imported on use, because a list of runs does not need it.
if TYPE_CHECKING:
    from taskfarm_sdk._models import RunStatus

R = TypeVar("R")


def waiting_rows(status: RunStatus) -> int:
    """Return the number of existing tasks that wait, as the server counts them."""
    return status.rows - status.computing - status.done


def create(farm: Session, num_tasks: int) -> Flow[RunRow]:
    """Create a run; the request is not repeated once it was sent."""
    wanted = _validation.number_of_tasks(num_tasks)
    call = operations.create_run(wanted)._replace(fresh=True)
    return (yield from ask(farm, lambda: call, CREATE))


def list_all(farm: Session, give_up_after_s: float | None = None) -> Flow[list[RunRow]]:
    """List all runs, ordered by id, because PostgreSQL returns them in no set order."""
    until = _until(farm, give_up_after_s)
    rows = yield from ask(farm, operations.list_runs, READ, until=until)
    return sorted(rows, key=attrgetter("id"))


def find(farm: Session, uuid: str, give_up_after_s: float | None = None) -> Flow[RunRow]:
    """Get a run."""
    wanted = _validation.run_uuid(uuid)
    until = _until(farm, give_up_after_s)
    return (yield from ask_for_run(farm, wanted, lambda: operations.get_run(wanted), until=until))


def find_with_status(
    farm: Session, uuid: str, give_up_after_s: float | None = None
) -> Flow[tuple[RunRow, RunStatus]]:
    """Get a run and its status with one request."""
    wanted = _validation.run_uuid(uuid)
    until = _until(farm, give_up_after_s)
    found = yield from ask_for_run(
        farm, wanted, lambda: operations.get_run_and_status(wanted), until=until
    )
    return found


def _until(farm: Session, give_up_after_s: float | None) -> float:
    """Return the deadline: by the caller's limit, or else by the farm's."""
    if give_up_after_s is None:
        return farm.deadline()
    patience_s = _validation.seconds("give_up_after_s", give_up_after_s, zero=True, endless=True)
    return farm.deadline(patience_s)


def status(farm: Session, uuid: str, until: float | None = None) -> Flow[RunStatus]:
    """Get the status of a run."""
    return (yield from ask_for_run(farm, uuid, lambda: operations.run_status(uuid), until=until))


def count(farm: Session, uuid: str, which: Count) -> Flow[int]:
    """Get one of a run's counts."""
    return (yield from ask_for_run(farm, uuid, lambda: operations.count(uuid, which)))


def restart(farm: Session, uuid: str, *, everything: bool) -> Flow[None]:
    """Let the server set tasks waiting; the request is not repeated once it was sent."""
    call = operations.restart_run(uuid, everything=everything)._replace(fresh=True)
    yield from ask_of_run(farm, uuid, lambda: call, RESTART)


def delete(farm: Session, uuid: str) -> Flow[None]:
    """Delete a run; if it is gone after an attempt of unknown outcome, that attempt succeeded."""
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
    """Send a request about a run.

    The server answers 404 both for an unknown run and for an unknown route, so the flow then
    requests the run itself.

    Args:
        farm: the session.
        uuid: the run's uuid.
        make: creates the request.
        rule: the rule of the retry table.
        look: see `ask`.
        until: see `ask`.
        or_gone: another meaning of a 404 if the run exists, for the message.

    Raises:
        RunNotFound: the run does not exist.
        UnexpectedReply: the run exists, and the server does not know the request.
    """
    try:
        return (yield from ask(farm, make, rule, look=look, until=until))
    except (RunNotFound, TaskNotFound):
        raise  # from the look
    except NotFound as error:
        yield from status(farm, uuid, until)
        raise unknown_route(farm, uuid, error, or_gone) from error


def unknown_route(farm: Session, uuid: str, error: NotFound, or_gone: str = "") -> UnexpectedReply:
    """Return the error for a 404 although the run exists."""
    return UnexpectedReply(
        f"{farm.url} has run {uuid}, but answered 404 to {error.method} {error.url}: it does not "
        f"know this request{or_gone}; check that the URL is that of a current taskfarm server",
        status=error.status,
        url=error.url,
        detail=error.detail,
        run=uuid,
    )


def ask_for_run(
    farm: Session, uuid: str, make: Callable[[], Call[R]], *, until: float | None = None
) -> Flow[R]:
    """Send a request for the run itself: only here a 404 means that the run does not exist."""
    try:
        return (yield from ask(farm, make, READ, until=until))
    except NotFound as error:
        raise RunNotFound(
            f"there is no run {uuid} at {farm.url}: it was deleted, or is on another server; "
            f"`manageTF -b {farm.url} --list` shows the runs",
            status=error.status,
            url=error.url,
            detail=error.detail,
            run=uuid,
            method=error.method,
        ) from error
