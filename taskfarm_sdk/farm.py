"""`Farm`: one taskfarm server with the credentials to use it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

from taskfarm_sdk._flows import runs
from taskfarm_sdk._session import request
from taskfarm_sdk._session.link import Link, new_session
from taskfarm_sdk.hidden import half_made, hide
from taskfarm_sdk.run import Run, run_of, runs_of

# Imported on use, because a list of runs does not need them.
if TYPE_CHECKING:
    from typing import Unpack

    from taskfarm_sdk._map_options import MapOptions
    from taskfarm_sdk._models import RunStatus
    from taskfarm_sdk._results.results import Results

__all__ = ["Farm"]

T = TypeVar("T")


class Farm:
    """A taskfarm server, with the credentials to use it.

    ```python
    with Farm("http://localhost:5000/api/", user="me", password=secret) as farm:
        run = farm.create_run(100)
    ```

    Nothing is sent until a method is called. Without arguments, the environment (`TASKFARM_URL`,
    `TASKFARM_USER`, `TASKFARM_PASSWORD`, `TASKFARM_TOKEN`) and then the login saved by
    `manageTF --login` are used. The password is sent only to get a token, which all other requests
    use. Over `http://` to another machine, both are sent unencrypted; a warning is logged once.

    Methods that send requests raise `ConnectionFailed`, `ServerError`, `RequestRejected`,
    `UnexpectedReply` or `AuthenticationError` if the request fails; see `taskfarm_sdk.errors`. An
    invalid argument raises `ConfigurationError` before anything is sent.

    Threads and forked children can share a Farm; a child opens its own connections. A Farm is
    pickled with its token, never with its password.

    Args:
        url: the API's URL, ending in `/api/` on a plain server.
        user: the user's name.
        password: the user's password; line ends behind it are ignored, blanks are not.
        token: a token, instead of user and password; blanks and line ends around it are ignored.
        timeout_s: the time limit of each request in seconds, more than 0.
        give_up_after_s: how long an operation is retried while the server cannot be reached or
            fails, in seconds; 0 tries once, `math.inf` retries for ever. The last attempt starts
            within this time.

    Raises:
        ConfigurationError: an argument or setting is invalid.
        AuthenticationError: there are no credentials for this URL.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        user: str | None = None,
        password: str | None = None,
        token: str | None = None,
        timeout_s: float = 30.0,
        give_up_after_s: float = 60.0,
    ) -> None:
        given = hide(url), user, hide(password), hide(token)
        del url, password, token
        self._link = Link(new_session(*given, timeout_s, give_up_after_s))

    @classmethod
    def _over(cls, link: Link) -> Self:
        """Return a farm that uses the connections of `link`."""
        farm = cls.__new__(cls)
        farm._link = link  # noqa: SLF001 - its own
        return farm

    @property
    def url(self) -> str:
        """The API's URL."""
        return self._link.session.url

    @property
    def user(self) -> str | None:
        """The user's name, or None if only a token is known."""
        return self._link.session.settings.user

    @property
    def credentials_from(self) -> str:
        """The source of the credentials: "argument", "environment" or "saved login"."""
        return self._link.session.settings.source

    def login(self) -> str:
        """Get a token now, and return it.

        Protect it like a password; it is valid until the server's key changes. With a password, a
        new token is fetched; with only a token, the server is asked whether it is still valid.

        Raises:
            AuthenticationError: the server rejected the credentials.
            TaskfarmError: the request failed.
        """
        return self._link.drive(request.login(self._link.session)).reveal()

    def create_run(self, num_tasks: int) -> Run:
        """Create a run.

        Args:
            num_tasks: the number of tasks, 1 to 2,147,483,647.

        Raises:
            OutcomeUnknown: the reply was lost; the run may exist: see `runs()`.
        """
        row = self._link.drive(runs.create(self._link.session, num_tasks))
        return run_of(self._link, row)

    def runs(self, *, give_up_after_s: float | None = None) -> list[Run]:
        """Return all runs of the server, ordered by id, including invalid ones of other clients.

        Args:
            give_up_after_s: how long to retry, in seconds, 0 or more; None uses the farm's limit.
        """
        rows = self._link.drive(runs.list_all(self._link.session, give_up_after_s))
        return runs_of(self._link, rows)

    def get_run(self, uuid: str, *, give_up_after_s: float | None = None) -> Run:
        """Return the run with a uuid.

        Args:
            uuid: the run's uuid, with or without dashes.
            give_up_after_s: how long to retry, in seconds, 0 or more; None uses the farm's limit,
                as later requests of the run do.

        Raises:
            RunNotFound: the run does not exist.
        """
        row = self._link.drive(runs.find(self._link.session, uuid, give_up_after_s))
        return run_of(self._link, row)

    def map(
        self,
        function: Callable[[Any], T],
        items: Iterable[Any],
        *,
        folder: str | os.PathLike[str],
        chunk: int | Literal["auto"] = "auto",
        pass_item: bool = False,
        seed: int | None = None,
        name: str | None = None,
        **options: Unpack[MapOptions],
    ) -> Results[T]:
        """Call a function with each item, keep what it returns in a folder, and return that.

        ```python
        results = farm.map(simulate, Items.grid(lr=[0.1, 0.01], seed=range(1000)), folder="sweep")
        results.to_csv("sweep.csv")
        ```

        A run is created on the server for them, or gone on with if the folder has one: only items
        without a value are computed then. Several programs can map on one folder at once, on
        several machines: they share the run. `Run.work` says how functions are called in other
        processes, and what ends the work early.

        An item whose call raises an exception, or ends its child process, is recorded as failed,
        and the others of its chunk are computed. Its chunk is tried again, up to `max_attempts`
        times, and computes only what has no value. Each item is computed at least once, and has
        exactly one result.

        Args:
            function: called with one item at a time. What it returns must be picklable.
            items: a sequence, or `Items`. Going on, it must be the same.
            folder: the results folder, on a file system that all workers see; it is created with
                access for this user alone.
            chunk: how many items make a task, 1 to 9,999: a task costs two requests, and items are
                handed out by the task. "auto" times the first items where the work will run.
            pass_item: call the function with an `Item`, which has the item's number and seed, in
                place of the bare item.
            seed: for `Item.seed`, in place of the run's UUID: the same in each run that is given
                the same number.
            name: a name for the run, if this call creates it: this user's commands take it instead
                of the UUID (`manageTF --watch NAME`). A letter, then at most 63 letters, digits,
                ".", "_" and "-", and not only digits and letters from a to f.
            options: see `MapOptions`.

        Returns:
            The results, which are read from the folder when they are used.

        Raises:
            ConfigurationError: an argument is wrong, the name is that of another run, the function
                cannot be sent to other processes, the folder may not be trusted, or holds the
                results of other work.
            ItemsFailed: some items have no value at the end; `check=False` leaves that to
                `Results.failed`.
            TooManyFailures: `halt_after` ended the work.
            RunNotFound: the folder's run was deleted on the server.
            OutcomeUnknown: the reply to the request that creates the run was lost.
            TaskfarmError: the folder cannot be written, or what `Run.work` raises.
        """
        from taskfarm_sdk.execution.mapping import entry

        wanted = entry.wanted(
            function, items, folder, chunk, pass_item=pass_item, seed=seed, name=name
        )
        return entry.map_on(self._link, wanted, entry.settings(options))

    def prepare(
        self,
        function: Callable[[Any], object],
        items: Iterable[Any],
        *,
        folder: str | os.PathLike[str],
        chunk: int = 1,
        pass_item: bool = False,
        seed: int | None = None,
        name: str | None = None,
    ) -> Run:
        """Create the run and the folder of a `map`, and compute nothing, as on a login node.

        `taskfarm_sdk.join` and `workTF --join` compute, with the function that is stored in the
        folder; so does `map` with the same arguments.

        Args:
            function: see `map`.
            items: see `map`.
            folder: see `map`.
            chunk: how many items make a task.
            pass_item: see `map`.
            seed: see `map`.
            name: see `map`.

        Returns:
            The run.

        Raises:
            ConfigurationError: see `map`.
            RunNotFound: the folder's run was deleted on the server.
            OutcomeUnknown: the reply to the request that creates the run was lost.
            TaskfarmError: the folder cannot be written.
        """
        from taskfarm_sdk.execution.mapping import entry

        wanted = entry.wanted(
            function, items, folder, chunk, pass_item=pass_item, seed=seed, name=name
        )
        order = entry.prepare_on(self._link, wanted)
        return self.get_run(order.run_uuid)

    def get_run_and_status(
        self, uuid: str, *, give_up_after_s: float | None = None
    ) -> tuple[Run, RunStatus]:
        """Return the run with a uuid and its status, with one request.

        Args:
            uuid: see `get_run`.
            give_up_after_s: see `get_run`.

        Raises:
            RunNotFound: the run does not exist.
        """
        flow = runs.find_with_status(self._link.session, uuid, give_up_after_s)
        row, status = self._link.drive(flow)
        return run_of(self._link, row), status

    def close(self) -> None:
        """Close the connections; the farm and its runs cannot be used afterwards."""
        self._link.wire.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @half_made
    def __repr__(self) -> str:
        return f"Farm({self.url!r}, user={self.user!r})"


def link_of(farm: Farm) -> Link:
    """Return a farm's connections, for the code that works with them."""
    return farm._link  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
