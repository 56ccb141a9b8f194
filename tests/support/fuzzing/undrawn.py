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
        server.Capacity server.Capacity.from_row server.RemovedUser execution.parts.Failed
        execution.parts.OpenFiles execution.parts.Released execution.parts.ChunkPosition
        execution.parts.Caught compat.TokenAuth
    """,
    "not promised (docs/reference/policy.md), and it only wraps what it is given": """
        hidden.Hidden hidden.half_made hidden.hide hidden.shown_half_made
    """,
    "not promised, and workTF, which checks its words, is made of it": """
        execution.parts.ChunkPosition.done execution.parts.Deadline execution.parts.Deadline.took
        execution.parts.Deadline.took_part execution.parts.Dispatcher
        execution.parts.Dispatcher.abort execution.parts.Dispatcher.closes
        execution.parts.Dispatcher.resize execution.parts.Dispatcher.run execution.parts.Group
        execution.parts.Group.signal execution.parts.Group.wait execution.parts.Jobs
        execution.parts.Jobs.change execution.parts.Jobs.followed_by execution.parts.Patience
        execution.parts.Resized.resize execution.parts.done_tasks execution.parts.how_it_ended
        execution.parts.in_order execution.parts.is_hopeless execution.parts.is_shared
        execution.parts.may_be_asked execution.parts.name_first execution.parts.raise_open_files
        execution.parts.reason execution.parts.reopen_cut_short execution.parts.reopen_tasks
        execution.parts.wait_until_seen execution.parts.why_it_ended execution.parts.with_threads
        execution.parts.worker_of_chunks
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
