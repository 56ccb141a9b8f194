"""Compute the open items of a results folder: `workTF --join FOLDER`."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cache
from typing import TYPE_CHECKING, Any

from taskfarm_cli.common.exit_status import CommandError, ExitStatus
from taskfarm_cli.common.item_counts import items_done
from taskfarm_cli.common.text import counted
from taskfarm_cli.work.work_off import was_asked_to_end
from taskfarm_sdk._items.chunks import Chunks

if TYPE_CHECKING:
    from taskfarm_cli.work.plan import Options
    from taskfarm_cli.work.screen import Screen
    from taskfarm_sdk import Results, RunStatus


def join(folder: str, options: Options, screen: Screen) -> ExitStatus:
    """Compute until no item is open for this process; return the exit status of workTF.

    Raises:
        CommandError: the exit status is not 0.
        TaskfarmError: items failed, or the folder cannot be used.
    """
    try:
        results = _computed(folder, options, screen)
    except (SystemExit, KeyboardInterrupt) as asked:
        if not options.batch or not was_asked_to_end(asked):
            raise
        screen.say("asked to end; running tasks were released")
        return ExitStatus.OK
    missing = len(results.missing)
    done = len(results) - missing - len(results.failed)
    said = f"{folder}: {done} of {counted(len(results), 'item')} have results"
    if not missing:
        screen.say(said)
    elif options.batch:
        screen.say(f"{said}; others still compute")
    else:
        raise CommandError(f"{said}; others still compute", ExitStatus.NOT_FINISHED)
    return ExitStatus.OK


def _computed(folder: str, options: Options, screen: Screen) -> Results[Any]:
    import taskfarm_sdk
    from taskfarm_cli.common.credentials import open_farm

    @cache
    def chunks(num_tasks: int) -> Chunks:
        return Chunks(len(taskfarm_sdk.results(folder)), num_tasks)

    def show(status: RunStatus) -> None:
        count = items_done(chunks(status.num_tasks), status)
        tasks = f"{status.done} of {counted(status.num_tasks, 'task')} done"
        screen.draw(tasks if count is None else str(count))

    given = (options.baseurl, options.user, options.password)
    with ExitStack() as undo:
        undo.enter_context(screen.told())
        # Without options, the folder's own server counts unless the environment names one.
        farm = undo.enter_context(open_farm(options)) if any(given) else None
        return taskfarm_sdk.join(
            folder,
            farm=farm,
            workers=options.jobs,
            threads_per_task=options.threads_per_task,
            progress=show,
            linger=options.linger,
            linger_s=options.linger_s,
            grace_s=options.grace_s,
            max_attempts=options.max_attempts,
            halt_after=options.halt_after,
            unleased_after_s=(
                "auto" if options.unleased_after_s is None else options.unleased_after_s
            ),
            journal=options.journal,
        )
