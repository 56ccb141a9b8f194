"""Print the command that continues an interrupted run."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from taskfarm_cli.common.text import shell_words
from taskfarm_cli.work.command_line.arguments import PROGRAM
from taskfarm_sdk._items.counts import items_done

if TYPE_CHECKING:
    from taskfarm_cli.work.plan import Plan
    from taskfarm_cli.work.screen import Screen
    from taskfarm_sdk import Run, RunStatus

# A person or a batch system waits for the end.
ANSWER_S = 2.0


def tell(plan: Plan, run: Run, screen: Screen) -> None:
    """Print how many tasks are done, and the command that continues the run."""
    status = _status_soon(run)
    if status is None:
        screen.say("resume with:", command=_command(plan, run.uuid))
        return
    count = items_done(plan.chunks(run.num_tasks), status)
    done = f"{status.done} of {status.num_tasks} done" if count is None else str(count)
    if status.finished:
        screen.say(done)
    else:
        screen.say(f"{done}; resume with:", command=_command(plan, run.uuid))


@contextmanager
def told_after(
    plan: Plan, run: Run, screen: Screen, *errors: type[BaseException]
) -> Generator[None]:
    """Tell the command that continues the run if one of these errors ends the `with` block."""
    try:
        yield
    except errors:
        if not plan.options.batch:
            tell(plan, run, screen)
        raise


def _command(plan: Plan, uuid: str) -> str:
    return shell_words([PROGRAM, uuid, *plan.options.resume, "--", *plan.options.command])


def _status_soon(run: Run) -> RunStatus | None:
    """Return the run's status, or None if the server does not answer soon."""
    from taskfarm_sdk import TaskfarmError

    found: list[RunStatus] = []

    def ask() -> None:
        with suppress(TaskfarmError):
            found.append(run.status())

    # A daemon: a server that does not answer must not hold up the end.
    thread = threading.Thread(target=ask, name="workTF-status", daemon=True)
    thread.start()
    thread.join(ANSWER_S)
    return found[0] if found else None
