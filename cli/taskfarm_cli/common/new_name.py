"""The name of a run that is to be created: checked, and free on its server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskfarm_cli.common import run_files
from taskfarm_cli.common.exit_status import CommandError, UsageError
from taskfarm_cli.common.text import manage_command
from taskfarm_cli.common.times import local
from taskfarm_sdk.errors import RunNotFound

if TYPE_CHECKING:
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
        raise CommandError(
            f"the name {name!r} cannot be kept, because no file can be created in "
            f"{run_files.notes_folder()}: nothing was created"
        )


def check_free(name: str | None, farm: Farm) -> None:
    """Refuse a name that a run of the server has; a name of a deleted run is freed.

    Only for a name that is noted here, the server is asked whether its run is still there.

    Args:
        name: the name, or None for no name.
        farm: the server.

    Raises:
        UsageError: the name is taken.
    """
    if name is None:
        return
    for note in run_files.named(name):
        if note.name != name or note.url != farm.url:
            continue
        try:
            farm.get_run(note.run)
        except RunNotFound:
            run_files.forget(note.run)
            continue
        when = "" if note.created_s is None else f" on {local(note.created_s)}"
        raise UsageError(
            f"the name {name!r} is that of run {note.run}, which was created here{when}: choose "
            f"another, or delete that run first ({manage_command(farm.url, '--delete', name)}); "
            "nothing was created"
        )
