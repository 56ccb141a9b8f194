"""`AsyncFarm` and `AsyncRun`: `Farm` and `Run` for asyncio, with the same names and errors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from types import TracebackType
from typing import Self

import attrs

from taskfarm_sdk import _bar, _run_notes, _validation
from taskfarm_sdk._flows import repair, resetting, runs, tasks, waiting
from taskfarm_sdk._models import RunStatus, TaskInfo, TaskState
from taskfarm_sdk._protocol.operations import RunRow
from taskfarm_sdk._session import request
from taskfarm_sdk._session.link import AsyncLink, new_session
from taskfarm_sdk.hidden import half_made, hide, shown_half_made

__all__ = ["AsyncFarm", "AsyncRun"]


class AsyncFarm:
    """`Farm` for asyncio; see `Farm` for its arguments and errors.

    Await its methods, and use it with `async with`. It needs asyncio; under trio, use `Farm` in
    threads.

    It serves one event loop at a time. In another loop it opens new connections. Close it before
    its loop ends, otherwise Python warns about open connections.

    ```python
    async with AsyncFarm() as farm:
        run = await farm.create_run(100)
        async for status in run.watch():
            print(status.done)
    ```
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
        self._link = AsyncLink(new_session(*given, timeout_s, give_up_after_s))

    @classmethod
    def _over(cls, link: AsyncLink) -> Self:
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
        """The source of the credentials; see `Farm.credentials_from`."""
        return self._link.session.settings.source

    async def login(self) -> str:
        """Get a token now; see `Farm.login`."""
        return (await self._link.drive(request.login(self._link.session))).reveal()

    async def create_run(self, num_tasks: int) -> AsyncRun:
        """Create a run; see `Farm.create_run`."""
        row = await self._link.drive(runs.create(self._link.session, num_tasks))
        return _run_of(self._link, row)

    async def runs(self, *, give_up_after_s: float | None = None) -> list[AsyncRun]:
        """Return all runs; see `Farm.runs`."""
        rows = await self._link.drive(runs.list_all(self._link.session, give_up_after_s))
        return [_run_of(self._link, row) for row in rows]

    async def get_run(self, uuid: str, *, give_up_after_s: float | None = None) -> AsyncRun:
        """Return the run with a uuid; see `Farm.get_run`."""
        row = await self._link.drive(runs.find(self._link.session, uuid, give_up_after_s))
        return _run_of(self._link, row)

    async def get_run_and_status(
        self, uuid: str, *, give_up_after_s: float | None = None
    ) -> tuple[AsyncRun, RunStatus]:
        """Return the run with a uuid and its status; see `Farm.get_run_and_status`."""
        flow = runs.find_with_status(self._link.session, uuid, give_up_after_s)
        row, status = await self._link.drive(flow)
        return _run_of(self._link, row), status

    async def close(self) -> None:
        """Close the connections; see `Farm.close`."""
        await self._link.wire.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    @half_made
    def __repr__(self) -> str:
        return f"AsyncFarm({self.url!r}, user={self.user!r})"


@shown_half_made
@attrs.frozen
class AsyncRun:
    """`Run` for asyncio: await its methods, or iterate over them with `async for`.

    Attributes:
        uuid: see `Run`.
        id: see `Run`.
        num_tasks: see `Run`.
        num_tasks_text: see `Run`.
    """

    _link: AsyncLink = attrs.field(repr=False, eq=False)
    uuid: str
    id: int
    num_tasks: int
    num_tasks_text: str = attrs.field(repr=False)

    def _repr_html_(self) -> str:
        """Return what a notebook shows; see `Run`."""
        from taskfarm_sdk import _html

        return _html.of_run(self.uuid, self.id, self.num_tasks_text, self._link.session.url)

    async def status(self) -> RunStatus:
        """Get the status of the run; see `Run.status`."""
        return await self._link.drive(runs.status(self._link.session, self.uuid))

    def watch(
        self, poll_s: float = 2.0, *, timeout_s: float | None = None, progress: bool = False
    ) -> AsyncIterator[RunStatus]:
        """Yield the status of the run until it is finished; see `Run.watch`."""
        _validation.flag("progress", progress)
        session = self._link.session
        statuses = self._link.stream(waiting.watch(session, self.uuid, poll_s, timeout_s))
        if not progress:
            return statuses
        return _bar.shown_async(statuses, _run_notes.chunks_of(self.uuid, self.num_tasks))

    async def wait(
        self, timeout_s: float | None = None, *, poll_s: float = 2.0, check: bool = False
    ) -> RunStatus:
        """Wait until the run is finished; see `Run.wait`."""
        session = self._link.session
        flow = waiting.wait(session, self.uuid, poll_s, timeout_s, check=check)
        return await self._link.drive(flow)

    async def task_info(self, number: int) -> TaskInfo:
        """Get the state of one task; see `Run.task_info`."""
        session = self._link.session
        return await self._link.drive(tasks.info(session, self.uuid, self.num_tasks, number))

    def task_infos(self, state: TaskState | None = None) -> AsyncIterator[TaskInfo]:
        """Yield the states of the tasks; see `Run.task_infos`."""
        session = self._link.session
        return self._link.stream(tasks.infos(session, self.uuid, self.num_tasks, state))

    async def reset(self) -> None:
        """Set all computing tasks waiting; see `Run.reset`."""
        await self._link.drive(resetting.reset(self._link.session, self.uuid, self.num_tasks))

    async def reset_all(self) -> None:
        """Set every task waiting at 0 %; see `Run.reset_all`."""
        await self._link.drive(runs.restart(self._link.session, self.uuid, everything=True))

    async def reset_failed(self) -> int:
        """Set the failed tasks waiting; see `Run.reset_failed`."""
        return await self._link.drive(resetting.reset_failed(self._link.session, self.uuid))

    async def reset_tasks(self, numbers: Iterable[int]) -> int:
        """Set these tasks waiting; see `Run.reset_tasks`."""
        session = self._link.session
        flow = resetting.reset_tasks(session, self.uuid, self.num_tasks, numbers)
        return await self._link.drive(flow)

    async def repair(self, progress: Callable[[int, int], None] | None = None) -> int:
        """Repair a broken run; see `Run.repair`."""
        session = self._link.session
        return await self._link.drive(repair.repair(session, self.uuid, self.num_tasks, progress))

    async def delete(self) -> None:
        """Delete the run; see `Run.delete`."""
        await self._link.drive(runs.delete(self._link.session, self.uuid))


def _run_of(link: AsyncLink, row: RunRow) -> AsyncRun:
    return AsyncRun(link, row.uuid, row.id, row.num_tasks, str(row.held))
