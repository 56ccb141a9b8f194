"""A taskfarm server, as its user sees it."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from taskfarm_sdk._flows import runs
from taskfarm_sdk._session import request
from taskfarm_sdk._session.link import Link, new_session
from taskfarm_sdk.run import Run, run_of

__all__ = ["Farm"]


class Farm:
    """A taskfarm server and who asks it.

    ```python
    with Farm("http://localhost:5000/api/", user="me", password=secret) as farm:
        run = farm.create_run(100)
    ```

    Nothing is sent until a method is called. Without arguments, the environment (`TASKFARM_URL`,
    `TASKFARM_USER`, `TASKFARM_PASSWORD`, `TASKFARM_TOKEN`) and then the login saved by
    `manageTF --login` are used. A password is sent once, for a token, which then stands for it.
    Over `http://` to another machine both can be read on the way: the log says so once.

    Methods that send requests raise `ConnectionFailed`, `ServerError`, `RequestRejected`,
    `UnexpectedReply` or `AuthenticationError` if the server cannot do what is asked;
    `taskfarm_sdk.errors` tells when. A wrong argument raises `ConfigurationError`, and nothing is
    sent.

    One Farm serves many threads, and forked children: they make connections of their own. It
    pickles with its token, never with a password.

    Args:
        url: the API's URL, ending in `/api/` on a plain server.
        user: the user's name.
        password: the user's password.
        token: a token in place of user and password.
        timeout_s: the limit of each request, more than 0.
        give_up_after_s: how long an operation is tried again while the server is away or in
            trouble; 0 tries once, `math.inf` for ever. It bounds when the last attempt starts.

    Raises:
        ConfigurationError: an argument or setting is wrong.
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
        """Return a farm over connections that are there."""
        farm = cls.__new__(cls)
        farm._link = link  # noqa: SLF001 - its own
        return farm

    @property
    def url(self) -> str:
        """The API's URL."""
        return self._link.session.url

    @property
    def user(self) -> str | None:
        """Who asks; None where only a token is known."""
        return self._link.session.settings.user

    @property
    def credentials_from(self) -> str:
        """Where the credentials come from: "argument", "environment" or "saved login"."""
        return self._link.session.settings.source

    def login(self) -> str:
        """Get a token now, and return it.

        It is as good as a password and holds until the server's key changes. With a password a
        new one is fetched; with a token alone, the server is asked whether that still holds.

        Raises:
            AuthenticationError: the server does not take the credentials.
            TaskfarmError: the server could not be asked.
        """
        return self._link.drive(request.login(self._link.session))

    def create_run(self, num_tasks: int) -> Run:
        """Create a run.

        Args:
            num_tasks: 1 to 2,147,483,647.

        Raises:
            OutcomeUnknown: the reply was lost; the run may exist, see `runs()`.
        """
        row = self._link.drive(runs.create(self._link.session, num_tasks))
        return run_of(self._link, row)

    def runs(self, *, give_up_after_s: float | None = None) -> list[Run]:
        """Return all runs of the server, by id; other clients' odd ones too.

        Args:
            give_up_after_s: how long to try, in seconds, 0 or more; None is the farm's own.
        """
        rows = self._link.drive(runs.list_all(self._link.session, give_up_after_s))
        return [run_of(self._link, row) for row in rows]

    def get_run(self, uuid: str, *, give_up_after_s: float | None = None) -> Run:
        """Return the run of a uuid, given with or without dashes.

        Args:
            uuid: the run's.
            give_up_after_s: how long to try, in seconds, 0 or more; None is the farm's own. What
                is asked of the run afterwards keeps to the farm's.

        Raises:
            RunNotFound: there is none.
        """
        row = self._link.drive(runs.find(self._link.session, uuid, give_up_after_s))
        return run_of(self._link, row)

    def close(self) -> None:
        """Close the connections; the farm and its runs cannot be used any more."""
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
