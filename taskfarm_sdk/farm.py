"""`Farm`: one taskfarm server with the credentials to use it."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self

from taskfarm_sdk._flows import runs
from taskfarm_sdk._session import request
from taskfarm_sdk._session.link import Link, new_session
from taskfarm_sdk.run import Run, run_of

# Imported on use, because a list of runs does not need it.
if TYPE_CHECKING:
    from taskfarm_sdk._models import RunStatus

__all__ = ["Farm"]


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
        password: the user's password.
        token: a token, instead of user and password.
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
        self._link = Link(new_session(url, user, password, token, timeout_s, give_up_after_s))

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
        return self._link.drive(request.login(self._link.session))

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
        return [run_of(self._link, row) for row in rows]

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

    def __repr__(self) -> str:
        return f"Farm({self.url!r}, user={self.user!r})"
