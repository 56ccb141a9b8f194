"""Compute the open items of a results folder: `workTF --join FOLDER`, here or on Slurm."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from taskfarm_cli.common import bars
from taskfarm_cli.common.exit_status import CommandError, ExitStatus
from taskfarm_cli.common.text import counted
from taskfarm_cli.work import jobs_file
from taskfarm_cli.work.work_off import first_jobs, was_asked_to_end
from taskfarm_sdk._items.chunks import Chunks
from taskfarm_sdk._items.counts import items_done
from taskfarm_sdk.errors import ItemsFailed

if TYPE_CHECKING:
    from taskfarm_cli.work.plan import Options
    from taskfarm_cli.work.screen import Screen
    from taskfarm_cli.work.steering import Steering
    from taskfarm_cli.work.verdict import Ended
    from taskfarm_sdk import Farm, MapOptions, Results, Run, RunStatus


def join(folder: str, options: Options, screen: Screen, steering: Steering) -> ExitStatus:
    """Compute until no item is open for this process; return the exit status of workTF.

    Args:
        folder: the results folder.
        options: what was asked for.
        screen: shows the messages.
        steering: what comes before and after it.

    Raises:
        CommandError: the exit status is not 0.
        TaskfarmError: items failed, or the folder cannot be used.
    """
    try:
        results = _computed(folder, options, screen, steering)
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


def join_on_slurm(folder: str, options: Options, screen: Screen, steering: Steering) -> ExitStatus:
    """Submit workers that compute the open items of a folder; return the exit status of workTF.

    Args:
        folder: the results folder.
        options: what was asked for.
        screen: shows the messages.
        steering: what comes before and after it.

    Raises:
        CommandError: the exit status is not 0.
        TaskfarmError: the folder cannot be used, or its run cannot be found.
    """
    import taskfarm_sdk
    from taskfarm_cli.work.slurm import advice
    from taskfarm_cli.work.slurm import submit as slurm

    slurm.check(options)
    results = taskfarm_sdk.results(folder)
    options = _at_the_folders_server(options, results)
    with screen.told(), slurm.open_farm(options) as farm:
        run = farm.get_run(results.run_uuid)
        if options.dry_run:
            return slurm.dry_run(options, farm, run.uuid, screen)
        before = steering.after.find(farm)
        before.refuse(run)
        before.wait(screen)

        def end() -> ExitStatus:
            _run_hooks(run, steering.hooks.bound(farm.url, screen))
            return _end(folder, results, screen)

        if not _set_waiting(results, run, screen, retry_failed=options.retry_failed):
            return end()
        if not options.allow_loopback and advice.is_local(str(Path(folder).absolute())):
            screen.say(advice.of_local_results(folder))
        return slurm.submit(options, farm, run, screen, end=end)


def _at_the_folders_server(options: Options, results: Results[Any]) -> Options:
    """Return the options with a URL: the folder's own server, unless another is named."""
    here = options.baseurl or os.environ.get("TASKFARM_URL", "").strip()
    return attrs.evolve(options, baseurl=here or results.server_url)


def _run_hooks(run: Run, ended: Ended | None) -> None:
    """Run the commands for the end of a run, if there are any and it is finished."""
    if ended is None:
        return
    status = run.status()
    if status.finished:
        ended(run, run.wait() if status.failed is None else status)


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


def _computed(folder: str, options: Options, screen: Screen, steering: Steering) -> Results[Any]:
    import taskfarm_sdk
    from taskfarm_sdk._join import joined

    @cache
    def chunks(num_tasks: int) -> Chunks:
        return Chunks(len(taskfarm_sdk.results(folder)), num_tasks)

    with ExitStack() as undo:
        undo.enter_context(screen.told())
        farm = undo.enter_context(_farm(folder, options, steering))
        if farm is not None and steering:
            run = farm.get_run(taskfarm_sdk.results(folder).run_uuid)
            before = steering.after.find(farm)
            before.refuse(run)
            before.wait(screen)
            undo.enter_context(_ended(run, steering.hooks.bound(farm.url, screen)))
        jobs = None
        if options.jobs_file is not None:
            file, jobs = first_jobs(options, screen)
            undo.enter_context(jobs_file.followed(file, jobs, screen.say))

        def show(status: RunStatus) -> None:
            count = items_done(chunks(status.num_tasks), status)
            tasks = f"{status.done} of {counted(status.num_tasks, 'task')} done"
            shown = tasks if count is None else str(count)
            is_paused = jobs is not None and not jobs.number
            more = ("paused",) if is_paused else ()
            screen.draw(bars.percent(status), shown, *more, status=status)
            if jobs is not None and is_paused and status.finished:
                # By others.
                jobs.leave()

        return joined(folder, farm, jobs, _of_join(options, show))


def _farm(folder: str, options: Options, steering: Steering) -> AbstractContextManager[Farm | None]:
    """Return the farm of a command line; None for that of the folder or the environment."""
    import taskfarm_sdk
    from taskfarm_cli.common.credentials import open_farm

    if any((options.baseurl, options.user, options.password)):
        return open_farm(options)
    if not steering:
        return nullcontext()
    return open_farm(_at_the_folders_server(options, taskfarm_sdk.results(folder)))


@contextmanager
def _ended(run: Run, ended: Ended | None) -> Generator[None]:
    """Run the commands for the end of a run after the `with` block, also if items failed."""
    try:
        yield
    except ItemsFailed:
        _run_hooks(run, ended)
        raise
    _run_hooks(run, ended)


def _of_join(options: Options, show: Callable[[RunStatus], None]) -> MapOptions:
    return {
        "workers": options.jobs,
        "threads_per_task": options.threads_per_task,
        "progress": show,
        "linger": options.linger,
        "linger_s": options.linger_s,
        "grace_s": options.grace_s,
        "max_attempts": options.max_attempts,
        "retry_delay_s": options.retry_delay_s,
        "halt_after": options.halt_after,
        "retry_failed": options.retry_failed,
        "unleased_after_s": (
            "stale_after_s" if options.unleased_after_s is None else options.unleased_after_s
        ),
        "journal": options.journal,
    }
