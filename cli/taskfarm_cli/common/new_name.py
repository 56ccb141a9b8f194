"""The name of a run that is to be created: checked, free on its server, and kept for one run."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from taskfarm_cli.common import run_files
from taskfarm_cli.common.exit_status import CommandError, UsageError
from taskfarm_cli.common.text import manage_command
from taskfarm_cli.common.times import local
from taskfarm_sdk.errors import RunNotFound

if TYPE_CHECKING:
    from taskfarm_cli.common.run_files import RunNote
    from taskfarm_sdk import Farm


def check(name: str | None) -> None:
    """Check a name without the server; None is no name.

    Raises:
        ConfigurationError: it cannot be the name of a run.
        CommandError: names cannot be kept here.
    """
    if name is None:
        return
    run_files.check_name(name)
    if not run_files.may_write():
        raise _not_kept(name, f"no file can be created in {run_files.notes_folder()}")


@contextmanager
def claimed(name: str | None, farm: Farm) -> Generator[Sequence[RunNote]]:
    """Keep a name for the run that is created inside the `with` block.

    Another process that creates a run of this name at the same time waits, and finds it taken then.

    Args:
        name: the name, or None for no name.
        farm: the server.

    Yields:
        See `check_free`.

    Raises:
        UsageError: the name is taken.
        ConfigurationError: another process takes a long time to create a run with this name.
        CommandError: the name cannot be kept.
    """
    if name is None:
        yield ()
        return
    with ExitStack() as held:
        try:
            held.enter_context(run_files.claimed(name, farm.url))
        except OSError as error:
            where = run_files.notes_folder().parent
            raise _not_kept(name, f"{where} cannot be written ({error.strerror})") from error
        yield check_free(name, farm)


def check_free(name: str, farm: Farm) -> Sequence[RunNote]:
    """Refuse a name that a run of the server has.

    Only for a name that is noted here, the server is asked whether its run is still there. A run
    that it does not know may be on another server, which had the URL before: its files stay.

    Args:
        name: the name.
        farm: the server.

    Returns:
        The notes of the runs with this name that the server does not know, for `run_files.unname`
        when the new run is there.

    Raises:
        UsageError: the name is taken.
    """
    unknown: list[RunNote] = []
    for note in run_files.named(name):
        if note.name != name or not note.is_of(farm.url):
            continue
        try:
            farm.get_run(note.run)
        except RunNotFound:
            unknown.append(note)
            continue
        when = "" if note.created_s is None else f" on {local(note.created_s)}"
        raise UsageError(
            f"the name {name!r} is that of run {note.run}, which was created here{when}: choose "
            f"another, or delete that run first ({manage_command(farm.url, '--delete', name)}); "
            "nothing was created"
        )
    return unknown


def _not_kept(name: str, why: str) -> CommandError:
    return CommandError(f"the name {name!r} cannot be kept, because {why}: nothing was created")
