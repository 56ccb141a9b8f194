"""`tfRuns` and `TaskFarm`."""

from __future__ import annotations

import json
import weakref
from collections.abc import Iterator
from typing import Any, NamedTuple, NoReturn, SupportsFloat, TypeVar, cast

from taskfarm_sdk import _validation
from taskfarm_sdk._flows import runs, tasks
from taskfarm_sdk._protocol import operations
from taskfarm_sdk._sansio.clock import Clock, SystemClock
from taskfarm_sdk._sansio.retry import CREATE
from taskfarm_sdk._sansio.steps import NOTHING, Flow
from taskfarm_sdk._session import request
from taskfarm_sdk._session.link import Link, new_session
from taskfarm_sdk._session.settings import DEFAULT_URL
from taskfarm_sdk._text import shown
from taskfarm_sdk.compat import _flows
from taskfarm_sdk.compat._errors import as_theirs
from taskfarm_sdk.errors import ConfigurationError
from taskfarm_sdk.hidden import Hidden, hide

R = TypeVar("R")

TIMEOUT_S = 30.0
GIVE_UP_AFTER_S = 60.0


class TokenAuth(NamedTuple):
    """A token as user and password, for HTTP libraries.

    Attributes:
        username: the token.
        password: empty.
    """

    username: str
    password: str

    def __repr__(self) -> str:
        return "TokenAuth(username='***', password='')"

    def __rich_repr__(self) -> Iterator[tuple[str, Hidden[str] | str]]:
        # rich looks into a named tuple whatever its repr is.
        yield "username", Hidden(self.username)
        yield "password", ""


def tfRuns(
    username: str | None, password: str | None, url_base: str = DEFAULT_URL
) -> list[dict[str, Any]]:
    """List the runs of a server.

    Args:
        username: the user's name.
        password: the user's password.
        url_base: the API's URL.

    Returns:
        A dictionary with `id`, `uuid` and `numTasks` for each run, in the server's order.

    Raises:
        RuntimeError: the server rejected the user and password, or could not be reached.
        ValueError: the URL is invalid.
    """
    given = hide(username), hide(password), Hidden(url_base)
    del username, password, url_base
    link = _link(*given, GIVE_UP_AFTER_S, SystemClock())
    try:
        with as_theirs():
            return link.drive(_flows.runs(link.session))
    finally:
        link.wire.close()


class TaskFarm:
    """A run: an existing one, or a new one.

    Args:
        username: the user's name, or a token if the password is empty.
        password: the user's password, sent only to get a token.
        uuid: the uuid of an existing run.
        numTasks: the number of tasks of a new run, if there is no uuid.
        url_base: the API's URL.

    Raises:
        RuntimeError: the server rejected the user and password, the run does not exist, or
            neither a uuid nor a number of tasks is given.
        ValueError: the URL or the number of tasks is invalid.
    """

    _give_up_after_s = GIVE_UP_AFTER_S
    _clock: Clock = SystemClock()

    def __init__(
        self,
        username: str | None,
        password: str | None,
        uuid: str | None = None,
        numTasks: int | None = None,
        url_base: str = DEFAULT_URL,
    ) -> None:
        given = hide(username), hide(password), Hidden(url_base)
        del username, password, url_base
        self._open(*given, uuid, numTasks)

    def _open(
        self,
        username: Hidden[str] | None,
        password: Hidden[str] | None,
        url_base: Hidden[str],
        uuid: str | None,
        numTasks: int | None = None,
    ) -> None:
        number = _number_of_tasks(numTasks) if uuid is None else None
        self._link = _link(username, password, url_base, self._give_up_after_s, self._clock)
        self._url_base = f"{url_base.reveal().removesuffix('/')}/"
        self._close_at_the_end()
        self._drive(request.login(self._link.session))
        if number is not None:
            self._uuid = self._create(number)
            self._num_tasks = cast("int", numTasks)
        else:
            row = self._drive(runs.find(self._link.session, str(uuid)))
            self._uuid = row.uuid
            # Shown as it is stored, even if another client sent an invalid number.
            self._num_tasks = cast("int", row.held)
        # Tasks below these exist: certainly, and by counts that may be slightly too high.
        self._surely_made = self._made = 0

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._close_at_the_end()

    def _close_at_the_end(self) -> None:
        # The API has no close(), and Python warns about sockets that are not closed.
        weakref.finalize(self, self._link.wire.close)

    def _create(self, number: int) -> str:
        # Not the flow of `Farm.create_run`: here a run may have no tasks.
        call = operations.create_run(number)._replace(fresh=True)
        session = self._link.session
        return self._drive(request.ask(session, lambda: call, CREATE)).uuid

    def _drive(self, flow: Flow[R]) -> R:
        with as_theirs():
            return self._link.drive(flow)

    def url(self, url: str) -> str:
        """Return the full URL of an endpoint of the API; `url` is its path."""
        return f"{self._url_base}{url}"

    @property
    def session(self) -> NoReturn:
        """Not available: taskfarm-worker returns a session of requests, which this does not use."""
        raise AttributeError(
            "this module has no session of requests: use any HTTP library, as in "
            "requests.get(farm.url('runs'), auth=farm.token_auth)"
        )

    @property
    def token_auth(self) -> TokenAuth:
        """The token as user and password, for your own requests."""
        return TokenAuth((self._link.session.shared.token or NOTHING).reveal(), "")

    @property
    def uuid(self) -> str:
        """The uuid of the run."""
        return self._uuid

    @property
    def numTasks(self) -> int:
        """The number of tasks of the run."""
        return self._num_tasks

    def info(self, info: str) -> Any:
        """Get the status of the run.

        Args:
            info: `percentDone`, `numDone`, `numWaiting` or `numComputing`; empty for a dictionary
                of all, with `id`, `uuid` and `numTasks`.

        Raises:
            RuntimeError: `info` is unknown, or the run does not exist any more.
        """
        _one_of(info, ("", *_flows.RUN_FIELDS))
        return self._drive(_flows.run_info(self._link.session, self.uuid, info))

    @property
    def percentDone(self) -> float:
        """The mean percentage of all tasks, requested each time."""
        return cast("float", self.info("percentDone"))

    @property
    def numDone(self) -> int:
        """The number of done tasks, requested each time."""
        return cast("int", self.info("numDone"))

    @property
    def numWaiting(self) -> int:
        """The number of waiting tasks that the server has created, requested each time.

        The number of all waiting tasks is `numTasks - numComputing - numDone`.
        """
        return cast("int", self.info("numWaiting"))

    @property
    def numComputing(self) -> int:
        """The number of computing tasks, requested each time."""
        return cast("int", self.info("numComputing"))

    def getTaskInfo(self, task: int, info: str) -> Any:
        """Get the state of a task, without creating it.

        Args:
            task: 0 to numTasks - 1.
            info: `status` or `percentCompleted`; empty for a dictionary of both, with `id` and
                `task`.

        Raises:
            RuntimeError: the task or `info` is unknown, or the run does not exist any more.
        """
        self._refuse_outside(task)
        _one_of(info, ("", *_flows.TASK_FIELDS))
        if not self._is_made(task):
            return _flows.unmade_task(int(task), info)
        return self._drive(_flows.task_info(self._link.session, self.uuid, task, info))

    def setTaskInfo(self, task: int, info: str, value: Any) -> None:
        """Write to a task; returns when the server has accepted it.

        Args:
            task: 0 to numTasks - 1.
            info: `status` or `percentCompleted`.
            value: `waiting`, `computing` or `done`; or a percentage.

        Raises:
            RuntimeError: the task or `info` is unknown, the run does not exist any more, or the
                server refused the value.
        """
        self._refuse_outside(task)
        _one_of(info, _flows.TASK_FIELDS)
        if info == "status":
            _one_of(value, _flows.STATUSES)
        elif value is None:
            raise RuntimeError("a task without a percentage cannot be restarted: give a number")
        json.dumps(value, allow_nan=False)  # raises for what cannot be sent
        session = self._link.session
        # The next in turn can be written: the server creates it.
        if task > self._surely_made and not self._is_made(task):
            self._drive(_flows.make_up_to(session, self.uuid, self._surely_made, int(task)))
            self._surely_made = int(task)
        self._drive(_flows.write(session, self.uuid, task, info, value))
        if task == self._surely_made:
            self._surely_made += 1

    def restart(self, everything: bool = False) -> None:
        """Set tasks waiting, including those that workers compute: use it only without workers.

        Args:
            everything: whether to set all tasks waiting at 0 %, or those below 100 % at their
                percentage.

        Raises:
            RuntimeError: the run does not exist any more, or the reply was lost.
        """
        _one_of(str(everything), ("True", "False"))
        flow = runs.restart(self._link.session, self.uuid, everything=str(everything) == "True")
        self._drive(flow)

    def delete(self) -> None:
        """Delete the run and its tasks.

        Raises:
            RuntimeError: the run does not exist any more.
        """
        self._drive(runs.delete(self._link.session, self.uuid))

    def _refuse_outside(self, task: int) -> None:
        if task < 0 or task >= self.numTasks:
            raise RuntimeError(
                f"task ID {task} outside range 0 {self.numTasks - 1}: the run has no such task"
            )

    def _is_made(self, task: int) -> bool:
        if task >= max(self._made, self._surely_made):
            flow = tasks.existing(self._link.session, self.uuid, int(self.numTasks))
            there = self._drive(flow)
            self._surely_made = max(self._surely_made, there.surely)
            self._made = max(self._made, there.likely)
        return task < max(self._made, self._surely_made)


def _link(
    username: Hidden[str] | None,
    password: Hidden[str] | None,
    url_base: Hidden[str],
    give_up_after_s: float,
    clock: Clock,
) -> Link:
    # Separately, because an invalid URL is a ValueError in requests too.
    try:
        url = _validation.base_url(url_base)
    except ConfigurationError as error:
        raise ValueError(str(error)) from error
    user, token = None if username is None else username.reveal(), None
    if password == NOTHING:
        # The server accepts a token as a user with an empty password.
        user, password, token = None, None, username
    with as_theirs():
        place = Hidden(url)
        session = new_session(place, user, password, token, TIMEOUT_S, give_up_after_s, clock)
        return Link(session)


def _number_of_tasks(value: SupportsFloat | None) -> int:
    """Return `value` as a number of tasks, which may be 0 here."""
    if value is None:
        raise RuntimeError("give the uuid of a run, or numTasks to create one")
    try:
        number = -1.0 if isinstance(value, (bool, str)) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = -1.0
    if not 0 <= number <= _validation.MAX_TASKS or number != int(number):
        raise ValueError(
            f"numTasks must be an integer from 0 to {_validation.MAX_TASKS:,}, not {shown(value)}"
        )
    return int(number)


def _one_of(value: object, known: tuple[str, ...]) -> None:
    if value not in known:
        raise RuntimeError(f"{value!r} is invalid: use one of {', '.join(map(repr, known))}")
