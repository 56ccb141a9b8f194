"""`--report`, which writes a page about a run."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from taskfarm_cli.common import connection_options
from taskfarm_cli.common.credentials import open_farm
from taskfarm_cli.common.exit_status import CommandError, ExitStatus, UsageError
from taskfarm_cli.common.log_lines import outage_log
from taskfarm_cli.common.run_name import RunName
from taskfarm_cli.common.text import counted
from taskfarm_cli.manage.mode import PROGRAM
from taskfarm_cli.manage.progress import Progress
from taskfarm_cli.outcomes.chunks import chunks_of
from taskfarm_cli.outcomes.items import check_results
from taskfarm_cli.report import sections
from taskfarm_cli.report.facts import read_journal
from taskfarm_cli.report.items import read_items
from taskfarm_cli.report.output_file import OutputFile
from taskfarm_cli.report.page import page
from taskfarm_cli.report.scan import TaskFacts

if TYPE_CHECKING:
    from taskfarm_cli.manage.mode import Arguments
    from taskfarm_cli.manage.output.base import Output
    from taskfarm_sdk import Run, RunStatus
    from taskfarm_sdk._items.chunks import Chunks

# From so many requests on, their number is said before.
_MANY_REQUESTS = 1000
_WITHOUT_JOURNAL = (
    "This report has no journal, so it does not say when tasks were completed, by whom, how long "
    "they took and why attempts failed. `workTF --journal DIR` and `run.worker(journal=DIR)` write "
    "one while they work, and `manageTF --report OUT --journal DIR UUID` reads it."
)


def report(arguments: Arguments, output: Output) -> ExitStatus:
    """Write the page that was asked for.

    Raises:
        CommandError: a folder cannot be read, or the file cannot be written: the server was not
            asked for anything.
        TaskfarmError: the server does not tell the status of the run.
    """
    _check_folders(arguments)
    name = RunName(arguments.uuid or "", whole=False)
    with OutputFile(arguments.report or "") as file:
        told = outage_log(PROGRAM) if arguments.read_tasks else nullcontext()
        with told, open_farm(arguments) as farm:
            run, status = name.find_with_status(farm, connection_options.GIVE_UP_AFTER_S)
            if arguments.results is not None:
                check_results(Path(arguments.results), run.uuid)
            now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
            notes = (f"Server: {farm.url}", f"Written {now}. All times are UTC.")
            content = page(f"Run {run.uuid}", notes, list(_sections(arguments, run, status)))
        file.replace(content)
    output.changed(run)
    return ExitStatus.OK


def _check_folders(arguments: Arguments) -> None:
    if arguments.read_tasks and arguments.journal is not None:
        raise UsageError("--read-tasks is only valid without --journal, which has all tasks")
    for option, folder in (("--journal", arguments.journal), ("--results", arguments.results)):
        if folder is not None and not (folder and Path(folder).is_dir()):
            raise UsageError(f"{option}: there is no folder {folder!r}")
    if arguments.results is not None:
        check_results(Path(arguments.results))


def _sections(arguments: Arguments, run: Run, status: RunStatus) -> Iterator[str]:
    items = None if arguments.results is None else read_items(Path(arguments.results))
    num_items = None if items is None else items.num_items
    chunks = chunks_of(run.uuid, status.num_tasks, num_items)
    yield sections.of_server(status, chunks)
    if arguments.journal is not None:
        yield _of_journal(Path(arguments.journal), run, status, chunks)
    if items is not None:
        yield sections.of_items(items)
    if arguments.read_tasks:
        yield _of_tasks(run)
    if arguments.journal is None:
        yield sections.without_journal(_WITHOUT_JOURNAL)


def _of_journal(folder: Path, run: Run, status: RunStatus, chunks: Chunks | None) -> str:
    try:
        facts, reader = read_journal(folder, run.uuid, status.num_tasks)
    except OSError as error:
        raise CommandError(
            f"--journal: {str(folder)!r} cannot be read ({error.strerror})"
        ) from error
    if not facts.attempts:
        _say(f"{folder} holds no attempt at a task of run {run.uuid}")
    return sections.of_journal(facts, reader, status, chunks)


def _of_tasks(run: Run) -> str:
    if run.num_tasks > _MANY_REQUESTS:
        _say(f"reading {counted(f'{run.num_tasks:,}', 'task')}, with one request for each")
    total = run.num_tasks
    with Progress() as progress:
        facts = TaskFacts(run.task_infos(), total, lambda read: progress.show(read, total))
        return sections.of_tasks(facts)


def _say(text: str) -> None:
    print(f"{PROGRAM}: {text}", file=sys.stderr, flush=True)
