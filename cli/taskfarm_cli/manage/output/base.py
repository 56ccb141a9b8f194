"""The output of manageTF as a protocol, and the data that it shows."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from taskfarm_cli.common.run_files import RunItems, RunNote
    from taskfarm_cli.manage.picture import Picture
    from taskfarm_cli.manage.run_list import RunList
    from taskfarm_cli.manage.standing import Row
    from taskfarm_sdk import Run, RunStatus, TaskInfo
    from taskfarm_sdk.logins import Login


class Identity(NamedTuple):
    """The user at a server.

    Attributes:
        url: the API's URL.
        user: the user, or None if only a token is known.
        source: the source of the credentials, or None if there are none.
        accepted: whether the server accepts them, or None if that is unknown.
    """

    url: str
    user: str | None
    source: str | None
    accepted: bool | None


class Board(Protocol):
    """Shows several runs while they change."""

    def show(self, rows: Sequence[Row], changed: Row) -> None:
        """Show all runs, of which one was read."""
        ...

    def shown(self) -> Container[str] | None:
        """Return the UUIDs of the runs that are not left out for want of room; None for all."""
        ...


class Output(Protocol):
    """Print the results of a mode to stdout."""

    def runs(self, listed: RunList) -> None:
        """Show the runs of a server."""
        ...

    def history(self, notes: Sequence[RunNote]) -> None:
        """Show the runs that were created here, the newest last."""
        ...

    def run(self, run: Run, status: RunStatus, items: RunItems | None = None) -> None:
        """Show the status of a run, and of its items if something is known about them."""
        ...

    def follow(
        self, run: Run, statuses: Iterable[RunStatus], items: RunItems | None = None
    ) -> RunStatus | None:
        """Show each status of a run as `run` does, and return the last one."""
        ...

    def board(self) -> AbstractContextManager[Board]:
        """Return what shows several runs inside its `with` block, and leaves their last state."""
        ...

    def created(self, run: Run) -> None:
        """Show a new run."""
        ...

    def tasks(self, run: Run, infos: Iterable[TaskInfo]) -> None:
        """Show tasks of a run, each as soon as it is read."""
        ...

    def picture(self, run: Run, picture: Picture) -> None:
        """Show the tasks or items of a run as a picture."""
        ...

    def changed(self, run: Run, count: int | None = None) -> None:
        """Show that a run was reset, repaired or deleted, and how many tasks were changed."""
        ...

    def login(self, login: Login) -> None:
        """Show that a login was saved or removed."""
        ...

    def identity(self, identity: Identity) -> None:
        """Show the user at the server."""
        ...
