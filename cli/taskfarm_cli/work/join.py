"""Compute the open items of a results folder: `workTF --join FOLDER`, here or on Slurm."""

from __future__ import annotations

import os
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from taskfarm_cli.common import bars
from taskfarm_cli.common.exit_status import CommandError, ExitStatus
from taskfarm_cli.common.text import counted
from taskfarm_cli.work.work_off import was_asked_to_end
from taskfarm_sdk._items.chunks import Chunks
from taskfarm_sdk._items.counts import items_done

if TYPE_CHECKING:
    from taskfarm_cli.work.plan import Options
    from taskfarm_cli.work.screen import Screen
    from taskfarm_sdk import Results, Run, RunStatus


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
    said = _said(folder, results)
    # What failed in a finished run is an error; in an unfinished one it is tried again.
    if not results.missing and not results.failed:
        screen.say(said)
    elif options.batch:
        screen.say(f"{said}; others still compute")
    else:
        raise CommandError(f"{said}; others still compute", ExitStatus.NOT_FINISHED)
    return ExitStatus.OK


def join_on_slurm(folder: str, options: Options, screen: Screen) -> ExitStatus:
    """Submit workers that compute the open items of a folder; return the exit status of workTF.

    Raises:
        CommandError: the exit status is not 0.
        TaskfarmError: the folder cannot be used, or its run cannot be found.
    """
    import taskfarm_sdk
    from taskfarm_cli.work.slurm import advice
    from taskfarm_cli.work.slurm import submit as slurm

    slurm.check(options)
    results = taskfarm_sdk.results(folder)
    here = options.baseurl or os.environ.get("TASKFARM_URL", "").strip()
    options = attrs.evolve(options, baseurl=here or results.server_url)
    with screen.told(), slurm.open_farm(options) as farm:
        run = farm.get_run(results.run_uuid)
        if options.dry_run:
            return slurm.dry_run(options, farm, run.uuid, screen)
        if not _set_waiting(results, run, screen, retry_failed=options.retry_failed):
            return _end(folder, results, screen)
        if not options.allow_loopback and advice.is_local(str(Path(folder).absolute())):
            screen.say(advice.of_local_results(folder))
        return slurm.submit(options, farm, run, screen, end=lambda: _end(folder, results, screen))


def _set_waiting(results: Results[Any], run: Run, screen: Screen, *, retry_failed: bool) -> bool:
    """Set the open tasks of a finished run waiting; return whether there is anything to compute."""
    if not run.status().finished:
        return True
    items = [*results.missing, *(results.failed if retry_failed else ())]
    chunk = -(-len(results) // run.num_tasks)
    tasks = {item // chunk for item in items}
    if tasks:
        run.reset_tasks(tasks)
        screen.say(f"{counted(len(items), 'item')} without results will be computed")
    return bool(tasks)


def _end(folder: str, results: Results[Any], screen: Screen) -> ExitStatus:
    """Report what the folder has; return the exit status of workTF.

    Raises:
        CommandError: items have no results.
    """
    said = _said(folder, results)
    failed, missing = len(results.failed), len(results.missing)
    if not failed and not missing:
        screen.say(said)
        return ExitStatus.OK
    raise CommandError(
        f"{said}; {failed} failed, {missing} not computed: the same command computes them again",
        ExitStatus.TASKS_FAILED,
    )


def _said(folder: str, results: Results[Any]) -> str:
    done = len(results) - len(results.missing) - len(results.failed)
    return f"{folder}: {done} of {counted(len(results), 'item')} have results"


def _computed(folder: str, options: Options, screen: Screen) -> Results[Any]:
    import taskfarm_sdk
    from taskfarm_cli.common.credentials import open_farm

    @cache
    def chunks(num_tasks: int) -> Chunks:
        return Chunks(len(taskfarm_sdk.results(folder)), num_tasks)

    def show(status: RunStatus) -> None:
        count = items_done(chunks(status.num_tasks), status)
        tasks = f"{status.done} of {counted(status.num_tasks, 'task')} done"
        screen.draw(bars.percent(status), tasks if count is None else str(count), status=status)

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
            retry_failed=options.retry_failed,
            unleased_after_s=(
                "auto" if options.unleased_after_s is None else options.unleased_after_s
            ),
            journal=options.journal,
        )
