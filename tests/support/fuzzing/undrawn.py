"""Arguments of public callables that no fuzz test draws, and why."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from taskfarm_sdk import MapOptions
from tests.support.fuzzing.targets import TARGETS
from tests.support.public_api import Public, public_callables

# By callable, or by callable and argument.
_REASONS: dict[str, str] = {
    "they are made by the SDK, which users read": """
        Item Result RunStatus TaskFailure TaskInfo logins.Login charts.Chart charts.TextGrid
        server.Capacity server.RemovedUser execution.Failed execution.OpenFiles execution.Released
        execution.ChunkPosition
    """,
    "plain data for the functions that draw": "charts.Cell charts.Row",
    "what it draws grows with the numbers that it is given": """
        charts.Timeline charts.Timeline.add charts.Timeline.add_all charts.Timeline.add_span
        charts.Timeline.amounts charts.cells charts.durations charts.grid charts.rates
        charts.text_bar charts.text_grid charts.throughput charts.workers
    """,
    "it needs a results folder that a work has filled": "Results.as_completed Results.to_csv",
    "a function that is called with each login, of which there are none": "logins.forget_logins",
    "it joins texts": "compat.TaskFarm.url compat.TaskFarmWorker.url",
    "the same function as TaskFarm's": """
        compat.TaskFarmWorker.info compat.TaskFarmWorker.getTaskInfo
        compat.TaskFarmWorker.setTaskInfo compat.TaskFarmWorker.restart
    """,
    "it only wraps what it is given": """
        hidden.Hidden hidden.half_made hidden.hide hidden.shown_half_made
    """,
    "workTF, which checks its words, is made of it": """
        execution.ChunkPosition.done execution.Deadline execution.Deadline.took
        execution.Deadline.took_part execution.Dispatcher execution.Dispatcher.abort
        execution.Dispatcher.closes execution.Dispatcher.resize execution.Dispatcher.run
        execution.Group execution.Group.signal execution.Group.wait execution.Jobs
        execution.Jobs.change execution.Jobs.followed_by execution.Patience
        execution.Resized.resize execution.done_tasks execution.how_it_ended execution.in_order
        execution.is_hopeless execution.is_shared execution.may_be_asked execution.name_first
        execution.raise_open_files execution.reason execution.reopen_cut_short
        execution.reopen_tasks execution.wait_until_seen execution.why_it_ended
        execution.with_threads execution.worker_of_chunks
    """,
    "serveTF, which checks its words, is made of it": """
        server.Administration server.Administration.add_user server.Administration.check_exists
        server.Administration.remove_user server.Administration.set_password
        server.Capacity.from_row server.DataFolder server.DataFolder.password_file
        server.DataFolder.record server.DataFolder.secrets server.Database
        server.Database.postgresql server.Database.sqlite server.Secrets server.ServerProcess
        server.ServerProcess.stop server.ServerProcess.wait_prepared
        server.ServerProcess.wait_ready server.ServerSettings server.bind server.check_password
        server.check_user server.listen server.port_of
    """,
}
EXCEPTIONS = {name for names in _REASONS.values() for name in names.split()}


def undrawn() -> Iterator[str]:
    """Yield each argument of a public callable that no target has, or the callable of none."""
    drawn = _drawn()
    for public in public_callables():
        # Targets leave out the module where nothing else has the name.
        name = public.name.removeprefix("taskfarm_sdk.")
        found = drawn.get(name, drawn.get(name.removeprefix("logins.").removeprefix("testing.")))
        taken = set(_taken(public))
        if found is None and taken:
            yield name
        elif found is not None:
            yield from (f"{name}.{argument}" for argument in sorted(taken - found))


def _drawn() -> dict[str, set[str]]:
    """Return the names of the arguments that are drawn, for each callable."""
    found: dict[str, set[str]] = {}
    for name, target in TARGETS.items():
        found.setdefault(name.partition(", ")[0], set()).update(target.right())
    return found


def _taken(public: Public) -> Iterator[str]:
    for parameter in inspect.signature(public.call).parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD and public.name.endswith((".map", ".join")):
            yield from MapOptions.__annotations__
        elif parameter.kind is not parameter.VAR_KEYWORD and parameter.name != "self":
            yield parameter.name
