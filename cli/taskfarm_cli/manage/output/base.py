"""The output of manageTF as a protocol, and the facts that it is given."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from taskfarm_sdk import Run, RunStatus, TaskInfo
    from taskfarm_sdk.logins import Login


class Identity(NamedTuple):
    """Who one is to a server.

    Attributes:
        url: the API's URL.
        user: the user, or None where a token alone is known.
        source: where the credentials come from, or None if there are none.
        accepted: whether the server takes them, or None if that could not be found out.
    """

    url: str
    user: str | None
    source: str | None
    accepted: bool | None


class Output(Protocol):
    """Says on stdout what a command found or did."""

    def runs(self, runs: Sequence[Run]) -> None:
        """Show all runs."""
        ...

    def run(self, run: Run, status: RunStatus) -> None:
        """Show how a run stands."""
        ...

    def follow(self, run: Run, statuses: Iterable[RunStatus]) -> RunStatus | None:
        """Show how a run goes on, and return how it stood last."""
        ...

    def created(self, run: Run) -> None:
        """Show a new run."""
        ...

    def tasks(self, run: Run, infos: Iterable[TaskInfo]) -> None:
        """Show tasks of a run, each as soon as it is known."""
        ...

    def changed(self, run: Run, count: int | None = None) -> None:
        """Say that a run was reset, mended or deleted, and for how many tasks where that counts."""
        ...

    def login(self, login: Login) -> None:
        """Say that a login was saved or forgotten."""
        ...

    def identity(self, identity: Identity) -> None:
        """Show who one is to the server."""
        ...
